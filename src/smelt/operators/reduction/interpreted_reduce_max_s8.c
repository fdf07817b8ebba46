#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_max, s8, SMELT_CODE_REDUCE_MAX, SMELT_S8)
