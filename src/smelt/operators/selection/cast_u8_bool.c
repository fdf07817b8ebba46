/* u8 to bool. */
#include "selection.h"

SMELT_CAST(smelt_cast_u8_bool, uint8_t, uint8_t, (uint8_t)(x != 0))
