#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(sum, f32, SMELT_CODE_SUM, SMELT_F32)
