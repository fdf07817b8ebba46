/* s64 to s8. */
#include "selection.h"

SMELT_CAST(smelt_cast_s64_s8, int8_t, int64_t, (int8_t)(x))
