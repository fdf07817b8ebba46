/* output = the nearest integer, of two the even one; in place is allowed. */
#include "unary.h"

#include <math.h>

SMELT_CODE_SECTION
static float round_half_to_even(float x) {
    const float below = floorf(x), above = x - below;
    if (above < 0.5f) {
        return below;
    }
    return above > 0.5f || fmodf(below, 2.0f) != 0.0f ? below + 1.0f : below;
}

SMELT_UNARY(smelt_round_f32, float, round_half_to_even(x))
