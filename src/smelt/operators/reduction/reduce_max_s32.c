/* output = the largest. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_max_s32, int32_t, INT32_MIN, x > total ? x : total)
