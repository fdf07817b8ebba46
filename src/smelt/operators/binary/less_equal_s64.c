/* output = a <= b. */
#include "binary.h"

SMELT_BINARY(smelt_less_equal_s64, uint8_t, int64_t, (uint8_t)(a <= b))
