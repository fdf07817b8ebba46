/* output = the largest. */
#include "reduction.h"

#include <math.h>

SMELT_REDUCTION(smelt_reduce_max_f32, float, -INFINITY, x > total || isnan(x) ? x : total)
