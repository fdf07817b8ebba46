/* output = the error function; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_UNARY(smelt_erf_f32, float, smelt_erf(x))
