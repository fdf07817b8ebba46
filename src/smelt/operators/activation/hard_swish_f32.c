/* output = x * relu6(x + 3) / 6; in place is allowed. */
#include "activation.h"

#include <math.h>

void smelt_hard_swish_f32(float *output, const float *input, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const float x = input[i];
        output[i] = x * fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
    }
}
