/* s64 to bool. */
#include "selection.h"

SMELT_CAST(smelt_cast_s64_bool, uint8_t, int64_t, (uint8_t)(x != 0))
