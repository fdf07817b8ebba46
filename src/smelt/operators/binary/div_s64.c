/* output = a / b; 0 where an integer is divided by 0. */
#include "binary.h"

SMELT_BINARY(smelt_div_s64, int64_t, int64_t, b == 0 ? 0 : b == -1 ? (int64_t)(0u - (uint64_t)a) : a / b)
