/* output = a && b. */
#include "binary.h"

SMELT_BINARY(smelt_logical_and_bool, uint8_t, uint8_t, (uint8_t)(a && b))
