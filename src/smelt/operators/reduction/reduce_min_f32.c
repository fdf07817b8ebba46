/* output = the smallest. */
#include "reduction.h"

#include <math.h>

SMELT_REDUCTION(smelt_reduce_min_f32, float, INFINITY, x < total || isnan(x) ? x : total)
