/* output = the larger one; NaN where there is one. */
#include "binary.h"

SMELT_BINARY(smelt_maximum_s64, int64_t, int64_t, a > b ? a : b)
