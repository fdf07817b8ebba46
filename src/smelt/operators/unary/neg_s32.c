/* output = -x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_neg_s32, int32_t, (int32_t)(0u - (uint32_t)x))
