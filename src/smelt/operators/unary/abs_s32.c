/* output = |x|; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_abs_s32, int32_t, x < 0 ? (int32_t)(0u - (uint32_t)x) : x)
