/* output = a to the b. */
#include "binary.h"

#include <math.h>

SMELT_BINARY(smelt_pow_f32, float, float, powf(a, b))
