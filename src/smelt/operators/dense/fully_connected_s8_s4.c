/* fully_connected of int8 data and int4 weights, two to a byte. */
#include "dense_s4.h"
#include "smelt_nibble.h"

void smelt_fully_connected_s8_s4(int8_t *output, const int8_t *input, const uint8_t *weights,
    const struct smelt_fully_connected_s8_parameters *parameters) {
    const int32_t inputs = parameters->inputs;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        int32_t first = 0;
        for (int32_t j = 0; j < parameters->outputs; j++) {
            int32_t sum = 0;
            for (int32_t k = 0; k < inputs; k++) {
                sum += input[k] * smelt_nibble(weights, first + k);
            }
            *output++ = smelt_row_output_s8(&parameters->rows, j, sum);
            first += inputs;
        }
        input += inputs;
    }
}
