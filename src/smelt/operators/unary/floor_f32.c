/* output = the largest integer that is not above x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_floor_f32, float, floorf(x))
