/* output = the product up to each element. */
#include "cumulative.h"

SMELT_CUMULATIVE(smelt_cumprod_s64, int64_t, 1, (int64_t)((uint64_t)total * (uint64_t)x))
