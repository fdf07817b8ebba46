/* fully_connected of float data, each row quantized to int8 first, and int4 weights with a scale for each block. */
#include "dense_blocks.h"
#include "smelt_dynamic.h"
#include "smelt_nibble.h"

void smelt_fully_connected_blocks_dynamic_s4(float *output, const float *input, const uint8_t *weights,
                                         const struct smelt_fully_connected_blocks_parameters *parameters,
                                             void *scratch) {
    const int32_t inputs = parameters->inputs;
    int8_t *const values = scratch;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const struct smelt_dynamic found = smelt_quantize_dynamic(values, input, inputs, parameters->symmetric);
        const float *scale = parameters->scales;
        int32_t first = 0;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            float total = 0.0f;
            for (int32_t k = 0; k < inputs;) {
                const int32_t end = inputs - k < parameters->block ? inputs : k + parameters->block;
                int32_t sum = 0;
                for (; k < end; k++) {
                    sum += (values[k] - found.zero_point) * smelt_nibble(weights, first + k);
                }
                total += (float)sum * *scale++;
            }
            *output++ = smelt_narrow_output_f32(&parameters->narrow, j, total, found.scale);
            first += inputs;
        }
        input += inputs;
    }
}
