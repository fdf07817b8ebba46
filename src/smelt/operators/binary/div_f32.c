/* output = a / b; 0 where an integer is divided by 0. */
#include "binary.h"

SMELT_BINARY(smelt_div_f32, float, float, a / b)
