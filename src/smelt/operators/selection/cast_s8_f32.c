/* s8 to f32. */
#include "selection.h"

SMELT_CAST(smelt_cast_s8_f32, float, int8_t, (float)(x))
