/* output = the sum. */
#include "reduction.h"

SMELT_REDUCTION(smelt_sum_s32, int32_t, 0, (int32_t)((uint32_t)total + (uint32_t)x))
