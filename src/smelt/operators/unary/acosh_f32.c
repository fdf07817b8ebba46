/* output = the inverse of cosh; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_acosh_f32, float, smelt_log1p((x - 1.0f) + sqrtf((x - 1.0f) * (x + 1.0f))))
