/* output = a - b * floor_div(a, b); 0 where an integer is divided by 0. */
#include "binary.h"

SMELT_BINARY(smelt_floor_mod_s32, int32_t, int32_t, b == 0 || b == -1 ? 0 : a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0))
