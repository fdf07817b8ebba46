/* A real number as an integer: to nearest, ties away from zero, saturated; NaN becomes the lowest. */
#ifndef SMELT_REAL_TO_INTEGER_H
#define SMELT_REAL_TO_INTEGER_H

#include <stdint.h>

#include "smelt_placement.h"

SMELT_CODE_SECTION
static inline int32_t smelt_real_to_integer(float ratio, int32_t low, int32_t high) {
    /* Saturate before converting: C leaves the conversion of a float beyond int32 undefined. NaN goes low. */
    if (!(ratio > (float)low)) {
        return low;
    }
    if (ratio >= (float)high) {
        return high;
    }
    const int32_t whole = (int32_t)ratio;
    /* Exact, unlike adding 0.5 before truncating. */
    const float rest = ratio - (float)whole;
    return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

#endif
