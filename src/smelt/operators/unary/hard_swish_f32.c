/* output = x * relu6(x + 3) / 6; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_hard_swish_f32, float, x * fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f))
