/* output = -1, 0 or 1; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_sign_s64, int64_t, x > 0 ? 1 : x < 0 ? -1 : 0)
