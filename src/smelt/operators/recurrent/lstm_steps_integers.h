/* Bit for bit as TensorFlow Lite Micro's. The file that includes this defines SMELT_DATA, SMELT_BIAS and SMELT_SUM, types of
 * elements and of sums, which wrap around; SMELT_SCALED(sum, mantissa, shift); SMELT_LOWEST and SMELT_HIGHEST, bounds of the
 * output; and SMELT_STEPS, the function's name. */
#include "lstm_integers.h"
#include "smelt_requantize.h"
#include "smelt_sigmoid.h"

enum { INPUT, FORGET, CELL, OUTPUT };

SMELT_CODE_SECTION
static int32_t saturated(int32_t value) {
    return smelt_clamp(value, INT16_MIN, INT16_MAX);
}

SMELT_CODE_SECTION
static SMELT_SUM sum_of(SMELT_SUM sum, const SMELT_DATA *x, int32_t zero_point, const int8_t *w, int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        sum += (SMELT_SUM)((x[k] - zero_point) * w[k]);
    }
    return sum;
}

SMELT_CODE_SECTION
static void open_gate(int16_t *result, int32_t gate, const SMELT_DATA *input, const SMELT_DATA *state,
                      const struct smelt_lstm_weights *weights, const struct smelt_lstm_parameters *p) {
    const int32_t *const by = p->multipliers + gate * SMELT_LSTM_MULTIPLIERS;
    for (int32_t unit = 0; unit < p->units; unit++) {
        const SMELT_SUM of_data = sum_of((SMELT_SUM)((const SMELT_BIAS *)weights->bias[gate])[unit], input, p->input_zero_point,
                                       weights->kernel[gate] + unit * p->features, p->features);
        const SMELT_SUM of_state = sum_of(0, state, p->zero_point, weights->recurrent[gate] + unit * p->units, p->units);
        const int32_t x = saturated(saturated(SMELT_SCALED(of_data, by[0], by[1])) +
                                    saturated(SMELT_SCALED(of_state, by[2], by[3])));
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
static void update(SMELT_DATA *state, int16_t *cell, const int16_t *gates, const struct smelt_lstm_parameters *p) {
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
        state[i] = (SMELT_DATA)smelt_clamp(value + p->zero_point, SMELT_LOWEST, SMELT_HIGHEST);
    }
}

void SMELT_STEPS(SMELT_DATA *output, const SMELT_DATA *input, const struct smelt_lstm_weights *weights,
                         const struct smelt_lstm_parameters *parameters, SMELT_DATA *state, int16_t *cell, int16_t *scratch) {
    const struct smelt_lstm_parameters p = *parameters;
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
