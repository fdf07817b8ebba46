/* output = whether any is true. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_any_bool, uint8_t, 0, (uint8_t)(total || x))
