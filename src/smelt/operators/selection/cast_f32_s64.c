/* f32 to s64. */
#include "selection.h"

SMELT_CAST(smelt_cast_f32_s64, int64_t, float, (int64_t)(x >= -9223372036854775808.0f ? (x < 9223372036854775808.0f ? (int64_t)x : INT64_MAX) : (x < -9223372036854775808.0f ? INT64_MIN : 0)))
