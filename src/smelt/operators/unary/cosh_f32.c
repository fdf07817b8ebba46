/* output = the hyperbolic cosine; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_cosh_f32, float, 0.5f * (expf(x) + expf(-x)))
