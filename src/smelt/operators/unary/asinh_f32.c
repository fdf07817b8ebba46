/* output = the inverse of sinh; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_asinh_f32, float, smelt_asinh(x))
