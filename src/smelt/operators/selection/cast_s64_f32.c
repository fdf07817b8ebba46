/* s64 to f32. */
#include "selection.h"

SMELT_CAST(smelt_cast_s64_f32, float, int64_t, (float)(x))
