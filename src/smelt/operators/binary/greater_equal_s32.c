/* output = a >= b. */
#include "binary.h"

SMELT_BINARY(smelt_greater_equal_s32, uint8_t, int32_t, (uint8_t)(a >= b))
