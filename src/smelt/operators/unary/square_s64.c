/* output = x * x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_square_s64, int64_t, (int64_t)((uint64_t)x * (uint64_t)x))
