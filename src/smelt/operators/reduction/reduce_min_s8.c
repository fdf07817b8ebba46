/* output = the smallest. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_min_s8, int8_t, 127, x < total ? x : total)
