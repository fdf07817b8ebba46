/* output = the sum. */
#include "reduction.h"

SMELT_REDUCTION(smelt_sum_f32, float, 0, total + x)
