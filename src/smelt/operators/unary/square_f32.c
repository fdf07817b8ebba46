/* output = x * x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_square_f32, float, x * x)
