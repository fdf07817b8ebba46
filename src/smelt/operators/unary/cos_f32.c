/* output = the cosine of x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_cos_f32, float, cosf(x))
