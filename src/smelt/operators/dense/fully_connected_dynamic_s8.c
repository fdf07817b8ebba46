/* fully_connected of float data, each row quantized to int8 first, and int8 weights. */
#include "dense_narrow.h"
#include "smelt_dot_s8.h"
#include "smelt_dynamic.h"

void smelt_fully_connected_dynamic_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters, void *scratch) {
    const int32_t inputs = parameters->inputs;
    int8_t *const values = scratch;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const struct smelt_dynamic found = smelt_quantize_dynamic(values, input, inputs, parameters->symmetric);
        int32_t first = 0;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            int32_t sum = smelt_dot_s8(values, weights + first, inputs);
            for (int32_t k = 0; found.zero_point != 0 && k < inputs; k++) {
                sum -= found.zero_point * weights[first + k];
            }
            *output++ = smelt_narrow_output_f32(&parameters->narrow, j, (float)sum, found.scale);
            first += inputs;
        }
        input += inputs;
    }
}
