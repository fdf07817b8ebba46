#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(prelu, f32, SMELT_CODE_PRELU, SMELT_F32, SMELT_F32)
