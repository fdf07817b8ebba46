#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(not_equal, f32, SMELT_CODE_NOT_EQUAL, SMELT_F32, SMELT_BOOL)
