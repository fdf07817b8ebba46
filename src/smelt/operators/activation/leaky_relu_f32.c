/* output = input where it is positive, else alpha * input; in place is allowed. */
#include "activation.h"

void smelt_leaky_relu_f32(float *output, const float *input,
                          const struct smelt_leaky_relu_f32_parameters *parameters) {
    const float alpha = parameters->alpha;
    for (int32_t i = 0; i < parameters->count; i++) {
        output[i] = input[i] > 0.0f ? input[i] : alpha * input[i];
    }
}
