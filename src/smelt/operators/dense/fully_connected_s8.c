/* The weights' zero point, when there is one, is a correction that all outputs of an input row share. */
#include "dense.h"

void smelt_fully_connected_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                              const struct smelt_fully_connected_s8_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        int32_t correction = 0;
        if (parameters->weights_zero_point != 0) {
            for (int32_t k = 0; k < parameters->inputs; k++) {
                correction -= input[k] * parameters->weights_zero_point;
            }
        }
        smelt_rows_s8(output, input, weights, parameters->inputs, &parameters->rows, 0, parameters->outputs,
                      correction);
        output += parameters->outputs;
        input += parameters->inputs;
    }
}
