/* output = a / b; 0 where an integer is divided by 0. */
#include "binary.h"

SMELT_BINARY(smelt_div_s32, int32_t, int32_t, b == 0 ? 0 : b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b)
