#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(maximum, f32, SMELT_CODE_MAXIMUM, SMELT_F32, SMELT_F32)
