/* fully_connected of float data and int4 weights with a scale for each block. */
#include "dense_blocks.h"
#include "smelt_nibble.h"

void smelt_fully_connected_blocks_f32_s4(float *output, const float *input, const uint8_t *weights,
                                         const struct smelt_fully_connected_blocks_parameters *parameters) {
    const int32_t inputs = parameters->inputs;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const float *scale = parameters->scales;
        int32_t first = 0;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            float total = 0.0f;
            for (int32_t k = 0; k < inputs;) {
                const int32_t end = inputs - k < parameters->block ? inputs : k + parameters->block;
                float sum = 0;
                for (; k < end; k++) {
                    sum += input[k] * (float)smelt_nibble(weights, first + k);
                }
                total += sum * *scale++;
            }
            *output++ = smelt_narrow_output_f32(&parameters->narrow, j, total, 1.0f);
            first += inputs;
        }
        input += inputs;
    }
}
