/* Every input row times a weight matrix [outputs, inputs], in 64-bit sums. */
#include "dense_s16.h"

void smelt_fully_connected_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                               const struct smelt_fully_connected_s16_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const int8_t *row = weights;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            *output++ = smelt_row_output_s16(&parameters->rows, j, smelt_dot_s16(input, row, parameters->inputs));
            row += parameters->inputs;
        }
        input += parameters->inputs;
    }
}
