/* bool to f32. */
#include "selection.h"

SMELT_CAST(smelt_cast_bool_f32, float, uint8_t, (float)(x))
