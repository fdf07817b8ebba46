/* output = a - b * (a / b towards zero). */
#include "binary.h"

#include <math.h>

SMELT_BINARY(smelt_truncated_mod_f32, float, float, fmodf(a, b))
