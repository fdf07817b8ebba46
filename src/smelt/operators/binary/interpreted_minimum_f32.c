#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(minimum, f32, SMELT_CODE_MINIMUM, SMELT_F32, SMELT_F32)
