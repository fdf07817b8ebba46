/* s32 to bool. */
#include "selection.h"

SMELT_CAST(smelt_cast_s32_bool, uint8_t, int32_t, (uint8_t)(x != 0))
