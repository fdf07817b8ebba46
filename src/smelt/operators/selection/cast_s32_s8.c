/* s32 to s8. */
#include "selection.h"

SMELT_CAST(smelt_cast_s32_s8, int8_t, int32_t, (int8_t)(x))
