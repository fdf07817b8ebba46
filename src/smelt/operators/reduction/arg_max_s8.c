/* output = the first index of the largest along the middle dimension. */
#include "reduction.h"

SMELT_ARGUMENT(smelt_arg_max_s8, int8_t, x > best)
