#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_min, s32, SMELT_CODE_REDUCE_MIN, SMELT_S32)
