/* bool to u8. */
#include "selection.h"

SMELT_CAST(smelt_cast_bool_u8, uint8_t, uint8_t, (uint8_t)(x))
