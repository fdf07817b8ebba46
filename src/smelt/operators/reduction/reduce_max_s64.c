/* output = the largest. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_max_s64, int64_t, INT64_MIN, x > total ? x : total)
