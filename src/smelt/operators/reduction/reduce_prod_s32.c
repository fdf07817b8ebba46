/* output = the product. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_prod_s32, int32_t, 1, (int32_t)((uint32_t)total * (uint32_t)x))
