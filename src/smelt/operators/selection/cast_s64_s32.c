/* s64 to s32. */
#include "selection.h"

SMELT_CAST(smelt_cast_s64_s32, int32_t, int64_t, (int32_t)(x))
