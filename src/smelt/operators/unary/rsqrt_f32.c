/* output = 1 / the square root of x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_rsqrt_f32, float, 1.0f / sqrtf(x))
