/* s8 to s32. */
#include "selection.h"

SMELT_CAST(smelt_cast_s8_s32, int32_t, int8_t, (int32_t)(x))
