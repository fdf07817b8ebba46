/* From a state of zero. The file that includes this defines SMELT_DATA and SMELT_BIAS, types of elements; SMELT_WHOLE, the
 * function's name, and SMELT_STEPS, that of the one it calls. */
#include "lstm_integers.h"

void SMELT_WHOLE(SMELT_DATA *output, const SMELT_DATA *input, const int8_t *kernel, const int8_t *recurrent, const SMELT_BIAS *bias,
                   const struct smelt_lstm_parameters *parameters, void *scratch) {
    struct smelt_lstm_parameters p = *parameters;
    const int32_t units = p.units;
    int16_t *const cell = scratch;
    SMELT_DATA *const state = (SMELT_DATA *)(cell + (1 + SMELT_LSTM_GATES) * units);
    struct smelt_lstm_weights weights;
    for (int32_t gate = 0; gate < SMELT_LSTM_GATES; gate++) {
        weights.kernel[gate] = kernel + gate * units * p.features;
        weights.recurrent[gate] = recurrent + gate * units * units;
        weights.bias[gate] = bias + gate * units;
    }
    p.batches = 1;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t i = 0; i < units; i++) {
            cell[i] = 0;
            state[i] = (SMELT_DATA)p.zero_point;
        }
        SMELT_STEPS(output, input, &weights, &p, state, cell, cell + units);
        input += p.time * p.features;
        output += p.time * units;
    }
}
