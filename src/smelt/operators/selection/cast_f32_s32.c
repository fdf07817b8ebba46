/* f32 to s32. */
#include "selection.h"

SMELT_CAST(smelt_cast_f32_s32, int32_t, float, (int32_t)(x >= -2147483648.0f ? (x < 2147483648.0f ? (int32_t)x : INT32_MAX) : (x < -2147483648.0f ? INT32_MIN : 0)))
