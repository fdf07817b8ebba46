/* output = the inverse of sin; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_CODE_SECTION
static float arc_sine(float x) {
    const float a = fabsf(x);
    const float result = a > 0.5f ? 1.5707963f - 2.0f * smelt_asin_near_0(sqrtf(0.5f * (1.0f - a))) : smelt_asin_near_0(a);
    return x < 0.0f ? -result : result;
}

SMELT_UNARY(smelt_asin_f32, float, arc_sine(x))
