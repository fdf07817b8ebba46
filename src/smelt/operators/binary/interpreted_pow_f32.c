#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(pow, f32, SMELT_CODE_POW, SMELT_F32, SMELT_F32)
