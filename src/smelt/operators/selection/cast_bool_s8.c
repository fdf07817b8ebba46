/* bool to s8. */
#include "selection.h"

SMELT_CAST(smelt_cast_bool_s8, int8_t, uint8_t, (int8_t)(x))
