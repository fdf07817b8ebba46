/* output = the smallest. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_min_s32, int32_t, INT32_MAX, x < total ? x : total)
