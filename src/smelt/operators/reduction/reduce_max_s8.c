/* output = the largest. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_max_s8, int8_t, -128, x > total ? x : total)
