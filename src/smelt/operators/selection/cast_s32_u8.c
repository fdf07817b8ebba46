/* s32 to u8. */
#include "selection.h"

SMELT_CAST(smelt_cast_s32_u8, uint8_t, int32_t, (uint8_t)(x))
