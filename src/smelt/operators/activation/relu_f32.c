/* output = input clamped to [low, high]; in place is allowed. */
#include "activation.h"

void smelt_relu_f32(float *output, const float *input, const struct smelt_relu_f32_parameters *parameters) {
    for (int32_t i = 0; i < parameters->count; i++) {
        float value = input[i];
        if (value < parameters->low) {
            value = parameters->low;
        }
        output[i] = value > parameters->high ? parameters->high : value;
    }
}
