/* output = (a - b) squared. */
#include "binary.h"

SMELT_BINARY(smelt_squared_difference_s32, int32_t, int32_t, (int32_t)(((uint32_t)a - (uint32_t)b) * ((uint32_t)a - (uint32_t)b)))
