/* s32 to f32. */
#include "selection.h"

SMELT_CAST(smelt_cast_s32_f32, float, int32_t, (float)(x))
