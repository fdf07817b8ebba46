/* output = a - b * floor_div(a, b); 0 where an integer is divided by 0. */
#include "binary.h"

#include <math.h>

SMELT_CODE_SECTION
static float floor_mod(float a, float b) {
    const float rest = fmodf(a, b);
    return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
}

SMELT_BINARY(smelt_floor_mod_f32, float, float, floor_mod(a, b))
