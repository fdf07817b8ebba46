/* output = the largest integer that is not above a / b; 0 where an integer is divided by 0. */
#include "binary.h"

SMELT_BINARY(smelt_floor_div_s64, int64_t, int64_t, b == 0 ? 0 : b == -1 ? (int64_t)(0u - (uint64_t)a) : a / b - (a % b != 0 && (a < 0) != (b < 0)))
