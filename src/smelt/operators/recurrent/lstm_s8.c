#include "lstm_s8.h"

void smelt_lstm_s8(int8_t *output, const int8_t *input, const int8_t *kernel, const int8_t *recurrent, const int32_t *bias,
                   const struct smelt_lstm_s8_parameters *parameters, void *scratch) {
    struct smelt_lstm_s8_parameters p = *parameters;
    const int32_t units = p.units;
    int16_t *const cell = scratch;
    int8_t *const state = (int8_t *)(cell + (1 + SMELT_LSTM_GATES) * units);
    struct smelt_lstm_s8_weights weights;
    for (int32_t gate = 0; gate < SMELT_LSTM_GATES; gate++) {
        weights.kernel[gate] = kernel + gate * units * p.features;
        weights.recurrent[gate] = recurrent + gate * units * units;
        weights.bias[gate] = bias + gate * units;
    }
    p.batches = 1;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t i = 0; i < units; i++) {
            cell[i] = 0;
            state[i] = (int8_t)p.zero_point;
        }
        smelt_lstm_steps_s8(output, input, &weights, &p, state, cell, cell + units);
        input += p.time * p.features;
        output += p.time * units;
    }
}
