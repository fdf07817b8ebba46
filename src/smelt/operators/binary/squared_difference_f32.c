/* output = (a - b) squared. */
#include "binary.h"

SMELT_BINARY(smelt_squared_difference_f32, float, float, (a - b) * (a - b))
