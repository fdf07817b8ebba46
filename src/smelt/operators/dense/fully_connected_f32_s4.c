/* fully_connected of float data and int4 weights, which become float one by one. */
#include "dense_narrow.h"
#include "smelt_nibble.h"

void smelt_fully_connected_f32_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters) {
    const int32_t inputs = parameters->inputs;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        int32_t first = 0;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            float sum = 0;
            for (int32_t k = 0; k < inputs; k++) {
                sum += input[k] * (float)smelt_nibble(weights, first + k);
            }
            *output++ = smelt_narrow_output_f32(&parameters->narrow, j, sum, 1.0f);
            first += inputs;
        }
        input += inputs;
    }
}
