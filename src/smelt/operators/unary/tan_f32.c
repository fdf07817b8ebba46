/* output = the tangent; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_tan_f32, float, tanf(x))
