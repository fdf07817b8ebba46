/* output = the first index of the smallest along the middle dimension. */
#include "reduction.h"

SMELT_ARGUMENT(smelt_arg_min_s8, int8_t, x < best)
