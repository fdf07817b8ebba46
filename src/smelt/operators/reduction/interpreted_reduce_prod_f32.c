#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_prod, f32, SMELT_CODE_REDUCE_PROD, SMELT_F32)
