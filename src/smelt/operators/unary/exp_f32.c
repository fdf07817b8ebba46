/* output = e to the x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_exp_f32, float, expf(x))
