/* output = the sum up to each element. */
#include "cumulative.h"

SMELT_CUMULATIVE(smelt_cumsum_s64, int64_t, 0, (int64_t)((uint64_t)total + (uint64_t)x))
