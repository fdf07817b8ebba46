#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(floor_mod, f32, SMELT_CODE_FLOOR_MOD, SMELT_F32, SMELT_F32)
