/* Bit for bit as TensorFlow Lite Micro's; sums are modulo 2^32. */
#include "lstm_s8.h"
#include "smelt_requantize.h"
#include "smelt_sigmoid.h"

enum { INPUT, FORGET, CELL, OUTPUT };

SMELT_CODE_SECTION
static int32_t saturated(int32_t value) {
    return smelt_clamp(value, INT16_MIN, INT16_MAX);
}

SMELT_CODE_SECTION
static int32_t sum_of(int32_t bias, const int8_t *x, int32_t zero_point, const int8_t *w, int32_t count) {
    uint32_t sum = (uint32_t)bias;
    for (int32_t k = 0; k < count; k++) {
        sum += (uint32_t)((x[k] - zero_point) * w[k]);
    }
    return (int32_t)sum;
}

SMELT_CODE_SECTION
static void open_gate(int16_t *result, int32_t gate, const int8_t *input, const int8_t *state,
                      const struct smelt_lstm_s8_weights *weights, const struct smelt_lstm_s8_parameters *p) {
    const int32_t *const by = p->multipliers + gate * SMELT_LSTM_MULTIPLIERS;
    for (int32_t unit = 0; unit < p->units; unit++) {
        const int32_t of_data = sum_of(weights->bias[gate][unit], input, p->input_zero_point,
                                       weights->kernel[gate] + unit * p->features, p->features);
        const int32_t of_state = sum_of(0, state, p->zero_point, weights->recurrent[gate] + unit * p->units, p->units);
        const int32_t x = saturated(saturated(smelt_requantize(of_data, by[0], by[1])) +
                                    saturated(smelt_requantize(of_state, by[2], by[3])));
        result[unit] = (int16_t)(gate == CELL ? smelt_tanh_of(p->table, 3 * x) : smelt_logistic_of(p->table, 3 * x));
    }
}

/* tanh of a cell with `bits` fractional bits. */
SMELT_CODE_SECTION
static int32_t tanh_of_cell(const uint16_t *table, int32_t cell, int32_t bits) {
    const int32_t x = bits <= 12 ? cell * (3 << (12 - bits)) : (3 * cell + (1 << (bits - 13))) >> (bits - 12);
    return smelt_tanh_of(table, x);
}

SMELT_CODE_SECTION
static void update(int8_t *state, int16_t *cell, const int16_t *gates, const struct smelt_lstm_s8_parameters *p) {
    enum { HALF = 1 << 30 };
    const int32_t units = p->units;
    for (int32_t i = 0; i < units; i++) {
        const int32_t kept = saturated(smelt_requantize(gates[FORGET * units + i] * cell[i], HALF, -14));
        const int32_t fresh =
            saturated(smelt_requantize(gates[INPUT * units + i] * gates[CELL * units + i], HALF, p->cell_bits - 29));
        int32_t sum = saturated(kept + fresh);
        if (p->cell_clip > 0) {
            sum = smelt_clamp(sum, -p->cell_clip, p->cell_clip);
        }
        cell[i] = (int16_t)sum;
        const int32_t product = tanh_of_cell(p->table, sum, p->cell_bits) * gates[OUTPUT * units + i];
        const int32_t value = smelt_clamp(smelt_requantize(product, p->mantissa, p->shift), -(1 << 30), 1 << 30);
        state[i] = (int8_t)smelt_clamp(value + p->zero_point, INT8_MIN, INT8_MAX);
    }
}

void smelt_lstm_steps_s8(int8_t *output, const int8_t *input, const struct smelt_lstm_s8_weights *weights,
                         const struct smelt_lstm_s8_parameters *parameters, int8_t *state, int16_t *cell, int16_t *scratch) {
    const struct smelt_lstm_s8_parameters p = *parameters;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        for (int32_t step = 0; step < p.time; step++) {
            for (int32_t gate = 0; gate < SMELT_LSTM_GATES; gate++) {
                open_gate(scratch + gate * p.units, gate, input, state, weights, &p);
            }
            update(state, cell, scratch, &p);
            for (int32_t i = 0; i < p.units; i++) {
                *output++ = state[i];
            }
            input += p.features;
        }
        state += p.units;
        cell += p.units;
    }
}
