/* output = the inverse of cos; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_CODE_SECTION
static float arc_cosine(float x) {
    if (x > 0.5f) {
        return 2.0f * smelt_asin_near_0(sqrtf(0.5f * (1.0f - x)));
    }
    if (x < -0.5f) {
        return 3.1415927f - 2.0f * smelt_asin_near_0(sqrtf(0.5f * (1.0f + x)));
    }
    return 1.5707963f - (x < 0.0f ? -smelt_asin_near_0(-x) : smelt_asin_near_0(x));
}

SMELT_UNARY(smelt_acos_f32, float, arc_cosine(x))
