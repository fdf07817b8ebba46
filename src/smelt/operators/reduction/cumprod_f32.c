/* output = the product up to each element. */
#include "cumulative.h"

SMELT_CUMULATIVE(smelt_cumprod_f32, float, 1, total * x)
