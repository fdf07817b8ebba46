/* output = the hyperbolic sine; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_sinh_f32, float, smelt_sinh(x))
