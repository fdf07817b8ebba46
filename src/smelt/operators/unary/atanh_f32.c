/* output = the inverse of tanh; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_atanh_f32, float, smelt_atanh(x))
