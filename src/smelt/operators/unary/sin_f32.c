/* output = the sine of x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_sin_f32, float, sinf(x))
