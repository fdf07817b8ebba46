/* output = x * x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_square_s32, int32_t, (int32_t)((uint32_t)x * (uint32_t)x))
