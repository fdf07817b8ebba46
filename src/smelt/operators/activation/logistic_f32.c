/* output = 1 / (1 + exp(-input)); in place is allowed. */
#include "activation.h"

#include <math.h>

void smelt_logistic_f32(float *output, const float *input, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        /* Only exp of negative numbers: it cannot overflow, and small results keep their precision. */
        const float small = expf(-fabsf(input[i]));
        output[i] = (input[i] >= 0.0f ? 1.0f : small) / (1.0f + small);
    }
}
