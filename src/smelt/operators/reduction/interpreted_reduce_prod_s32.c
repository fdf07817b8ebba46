#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_prod, s32, SMELT_CODE_REDUCE_PROD, SMELT_S32)
