/* output = the sum up to each element. */
#include "cumulative.h"

SMELT_CUMULATIVE(smelt_cumsum_s32, int32_t, 0, (int32_t)((uint32_t)total + (uint32_t)x))
