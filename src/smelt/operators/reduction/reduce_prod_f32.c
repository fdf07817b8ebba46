/* output = the product. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_prod_f32, float, 1, total * x)
