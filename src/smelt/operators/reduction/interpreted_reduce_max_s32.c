#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_max, s32, SMELT_CODE_REDUCE_MAX, SMELT_S32)
