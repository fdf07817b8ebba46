#include "activation.h"
#include "interpreted_unary_f32.h"

SMELT_INTERPRETED_UNARY_F32(hard_swish, SMELT_CODE_HARD_SWISH)
