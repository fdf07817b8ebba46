/* bool to s32. */
#include "selection.h"

SMELT_CAST(smelt_cast_bool_s32, int32_t, uint8_t, (int32_t)(x))
