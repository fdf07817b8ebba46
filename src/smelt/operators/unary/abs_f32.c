/* output = |x|; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_abs_f32, float, fabsf(x))
