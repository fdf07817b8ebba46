/* output = log(1 + e to the x); in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

#include <math.h>

SMELT_UNARY(smelt_softplus_f32, float, fmaxf(x, 0.0f) + smelt_log1p(expf(-fabsf(x))))
