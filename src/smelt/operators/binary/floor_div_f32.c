/* output = the largest integer that is not above a / b; 0 where an integer is divided by 0. */
#include "binary.h"

#include <math.h>

SMELT_BINARY(smelt_floor_div_f32, float, float, floorf(a / b))
