#include "dense.h"

void smelt_fully_connected_f32(float *output, const float *input, const float *weights,
                               const struct smelt_fully_connected_f32_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const float *weight = weights;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            float sum = 0.0f;
            for (int32_t k = 0; k < parameters->inputs; k++) {
                sum += input[k] * *weight++;
            }
            sum += parameters->bias[j];
            const float raised = sum < parameters->low ? parameters->low : sum;
            *output++ = raised > parameters->high ? parameters->high : raised;
        }
        input += parameters->inputs;
    }
}
