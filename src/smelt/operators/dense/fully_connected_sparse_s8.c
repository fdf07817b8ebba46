/* fully_connected of int8 data and weights most of which are zero. */
#include "dense_sparse.h"

void smelt_fully_connected_sparse_s8(int8_t *output, const int8_t *input,
                                     const struct smelt_fully_connected_sparse_s8_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_sparse_s8(output, input, &parameters->weights, &parameters->rows, parameters->outputs);
        output += parameters->outputs;
        input += parameters->inputs;
    }
}
