/* output = the square root of x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_sqrt_f32, float, sqrtf(x))
