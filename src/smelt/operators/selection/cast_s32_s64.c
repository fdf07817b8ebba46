/* s32 to s64. */
#include "selection.h"

SMELT_CAST(smelt_cast_s32_s64, int64_t, int32_t, (int64_t)(x))
