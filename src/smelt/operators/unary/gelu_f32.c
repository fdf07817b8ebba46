/* output = x times the normal distribution function of x; in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_CODE_SECTION
static float normal_distribution(float x, int32_t approximate) {
    if (approximate) {
        /* (1 + tanh(y)) / 2 */
        const float y = 0.79788456f * (x + 0.044715f * x * x * x);
        return 1.0f / (1.0f + expf(-2.0f * y));
    }
    return 0.5f * (1.0f + smelt_erf(x * 0.70710678f));
}

SMELT_CODE_SECTION
void smelt_gelu_f32(float *output, const float *input, int32_t approximate, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        output[i] = input[i] * normal_distribution(input[i], approximate);
    }
}
