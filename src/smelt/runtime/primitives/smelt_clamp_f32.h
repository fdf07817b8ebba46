/* A real number kept between bounds. */
#ifndef SMELT_CLAMP_F32_H
#define SMELT_CLAMP_F32_H

#include "smelt_placement.h"

SMELT_CODE_SECTION
static inline float smelt_clamp_f32(float value, float low, float high) {
    const float raised = value < low ? low : value;
    return raised > high ? high : raised;
}

#endif
