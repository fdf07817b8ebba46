/* f32 to u8. */
#include "selection.h"

SMELT_CAST(smelt_cast_f32_u8, uint8_t, float, (uint8_t)(x >= 0.0f ? (x < 256.0f ? (uint8_t)x : UINT8_MAX) : (x < 0.0f ? 0 : 0)))
