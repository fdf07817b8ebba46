#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(less_equal, f32, SMELT_CODE_LESS_EQUAL, SMELT_F32, SMELT_BOOL)
