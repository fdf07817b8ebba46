#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(squared_difference, f32, SMELT_CODE_SQUARED_DIFFERENCE, SMELT_F32, SMELT_F32)
