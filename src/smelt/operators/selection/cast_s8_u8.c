/* s8 to u8. */
#include "selection.h"

SMELT_CAST(smelt_cast_s8_u8, uint8_t, int8_t, (uint8_t)(x))
