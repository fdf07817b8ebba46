/* output = the smallest integer that is not below x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_ceil_f32, float, ceilf(x))
