/* f32 to bool. */
#include "selection.h"

SMELT_CAST(smelt_cast_f32_bool, uint8_t, float, (uint8_t)(x != 0))
