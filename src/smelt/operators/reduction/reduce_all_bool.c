/* output = whether all are true. */
#include "reduction.h"

SMELT_REDUCTION(smelt_reduce_all_bool, uint8_t, 1, (uint8_t)(total && x))
