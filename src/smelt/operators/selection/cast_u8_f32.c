/* u8 to f32. */
#include "selection.h"

SMELT_CAST(smelt_cast_u8_f32, float, uint8_t, (float)(x))
