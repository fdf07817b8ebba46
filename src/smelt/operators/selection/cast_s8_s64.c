/* s8 to s64. */
#include "selection.h"

SMELT_CAST(smelt_cast_s8_s64, int64_t, int8_t, (int64_t)(x))
