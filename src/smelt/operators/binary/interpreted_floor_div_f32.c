#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(floor_div, f32, SMELT_CODE_FLOOR_DIV, SMELT_F32, SMELT_F32)
