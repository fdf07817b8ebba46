#include "activation.h"
#include "interpreted_unary_f32.h"

SMELT_INTERPRETED_UNARY_F32(tanh, SMELT_CODE_TANH)
