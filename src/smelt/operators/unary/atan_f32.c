/* output = the inverse of tan; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_atan_f32, float, smelt_atan(x))
