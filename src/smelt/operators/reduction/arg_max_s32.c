/* output = the first index of the largest along the middle dimension. */
#include "reduction.h"

SMELT_ARGUMENT(smelt_arg_max_s32, int32_t, x > best)
