/* s64 to u8. */
#include "selection.h"

SMELT_CAST(smelt_cast_s64_u8, uint8_t, int64_t, (uint8_t)(x))
