/* output = the product. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_prod_s64, int64_t, 1, (int64_t)((uint64_t)total * (uint64_t)x))
