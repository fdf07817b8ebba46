/* output = tanh(input), built from expf because small C libraries have no tanhf; in place is allowed. */
#include "activation.h"

#include <math.h>

SMELT_CODE_SECTION
static float tanh_f32(float x) {
    const float magnitude = fabsf(x);
    if (magnitude < 0.25f) {
        /* Taylor series: the quotient below would lose digits here. The next term is below 1e-8. */
        const float x2 = x * x;
        return x + x * x2 * (-0.33333333f + x2 * (0.13333333f + x2 * (-0.053968254f + x2 * 0.021869488f)));
    }
    const float small = expf(-2.0f * magnitude);
    const float result = (1.0f - small) / (1.0f + small);
    return x < 0.0f ? -result : result;
}

void smelt_tanh_f32(float *output, const float *input, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        output[i] = tanh_f32(input[i]);
    }
}
