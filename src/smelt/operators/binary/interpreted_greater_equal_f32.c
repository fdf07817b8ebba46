#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(greater_equal, f32, SMELT_CODE_GREATER_EQUAL, SMELT_F32, SMELT_BOOL)
