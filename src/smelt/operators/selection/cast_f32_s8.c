/* f32 to s8. */
#include "selection.h"

SMELT_CAST(smelt_cast_f32_s8, int8_t, float, (int8_t)(x >= -128.0f ? (x < 128.0f ? (int8_t)x : INT8_MAX) : (x < -128.0f ? INT8_MIN : 0)))
