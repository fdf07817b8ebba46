/* output = -x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_neg_f32, float, -x)
