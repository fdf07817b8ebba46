/* output = a > b. */
#include "binary.h"

SMELT_BINARY(smelt_greater_f32, uint8_t, float, (uint8_t)(a > b))
