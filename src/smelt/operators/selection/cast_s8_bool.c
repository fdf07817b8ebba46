/* s8 to bool. */
#include "selection.h"

SMELT_CAST(smelt_cast_s8_bool, uint8_t, int8_t, (uint8_t)(x != 0))
