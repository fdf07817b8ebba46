/* output = the larger one; NaN where there is one. */
#include "binary.h"

SMELT_BINARY(smelt_maximum_s32, int32_t, int32_t, a > b ? a : b)
