/* bool to s64. */
#include "selection.h"

SMELT_CAST(smelt_cast_bool_s64, int64_t, uint8_t, (int64_t)(x))
