/* output = the sum up to each element. */
#include "cumulative.h"

SMELT_CUMULATIVE(smelt_cumsum_f32, float, 0, total + x)
