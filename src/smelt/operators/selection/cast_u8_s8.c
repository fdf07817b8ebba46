/* u8 to s8. */
#include "selection.h"

SMELT_CAST(smelt_cast_u8_s8, int8_t, uint8_t, (int8_t)(x))
