/* output = the sum. */
#include "reduction.h"

SMELT_REDUCTION(smelt_sum_s64, int64_t, 0, (int64_t)((uint64_t)total + (uint64_t)x))
