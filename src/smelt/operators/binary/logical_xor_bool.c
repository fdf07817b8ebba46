/* output = (a != 0) != (b != 0). */
#include "binary.h"

SMELT_BINARY(smelt_logical_xor_bool, uint8_t, uint8_t, (uint8_t)((a != 0) != (b != 0)))
