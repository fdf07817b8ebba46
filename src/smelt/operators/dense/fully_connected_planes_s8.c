/* fully_connected of int8 data and weights in planes of bits. */
#include "dense_planes.h"

void smelt_fully_connected_planes_s8(int8_t *output, const int8_t *input,
                                     const struct smelt_fully_connected_planes_s8_parameters *parameters,
                                     void *scratch) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_planes_s8(output, input, &parameters->weights, &parameters->rows, 0, parameters->outputs, scratch);
        output += parameters->outputs;
        input += parameters->weights.columns;
    }
}
