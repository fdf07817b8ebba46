/* output = -x; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_neg_s64, int64_t, (int64_t)(0u - (uint64_t)x))
