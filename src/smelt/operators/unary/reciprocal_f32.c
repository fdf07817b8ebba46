/* output = 1 / x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_reciprocal_f32, float, 1.0f / x)
