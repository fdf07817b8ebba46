/* output = the product up to each element. */
#include "cumulative.h"

SMELT_CUMULATIVE(smelt_cumprod_s32, int32_t, 1, (int32_t)((uint32_t)total * (uint32_t)x))
