/* output = -1, 0 or 1; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_sign_f32, float, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x)
