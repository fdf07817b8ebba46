/* output = the smaller one; NaN where there is one. */
#include "binary.h"

#include <math.h>

SMELT_BINARY(smelt_minimum_f32, float, float, a < b || isnan(a) ? a : b)
