#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_max, f32, SMELT_CODE_REDUCE_MAX, SMELT_F32)
