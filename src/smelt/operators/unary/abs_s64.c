/* output = |x|; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_abs_s64, int64_t, x < 0 ? (int64_t)(0u - (uint64_t)x) : x)
