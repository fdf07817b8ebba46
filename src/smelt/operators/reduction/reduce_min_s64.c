/* output = the smallest. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_min_s64, int64_t, INT64_MAX, x < total ? x : total)
