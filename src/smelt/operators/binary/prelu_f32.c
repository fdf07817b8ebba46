/* output = a where a > 0, else a * b. */
#include "binary.h"

SMELT_BINARY(smelt_prelu_f32, float, float, a > 0.0f ? a : a * b)
