#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(sum, s32, SMELT_CODE_SUM, SMELT_S32)
