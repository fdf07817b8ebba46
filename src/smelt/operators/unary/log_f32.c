/* output = the natural logarithm of x; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_UNARY(smelt_log_f32, float, logf(x))
