/* The file that includes this defines SMELT_TYPE and SMELT_BIAS, types of files, SMELT_STEPS, the function to call, and
 * SMELT_LARGEST_SHIFT, that of multipliers. */
#include "interpreted_lstm.h"
#include "lstm_integers.h"
#include "smelt_interpreter_operators.h"
#include "smelt_sigmoid.h"

/* The bits of 2^-12, which is the scale of what gates are opened by, and of 2^-15, that of gates. */
enum { SCALE_OF_SUMS = 0x39800000, SCALE_OF_GATES = 0x38000000 };

struct lstm {
    struct smelt_lstm_data data;
    struct smelt_lstm_weights weights;
    struct smelt_lstm_parameters p;
    int32_t multipliers[SMELT_LSTM_GATES * SMELT_LSTM_MULTIPLIERS];
};

/* Weights for `x`, a tensor of `columns` features, and their multiplier. */
static enum smelt_status read_weights(struct smelt_node *node, uint32_t index, const struct smelt_tensor *x,
                                      struct lstm *t, const int8_t **weights, int32_t *multiplier) {
    struct smelt_tensor w;
    struct smelt_multiplier by;
    const enum smelt_status status = smelt_read_gate(node, index, SMELT_S8, t->p.units, x->shape[3], &w);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  w.scales.count == 1 && w.zero_point == 0 &&
                      smelt_derive_multiplier(&by, x->scale_bits, w.scale_bits, SCALE_OF_SUMS, 1) == 0 &&
                      by.shift <= SMELT_LARGEST_SHIFT,
                  "weights must have one scale, the zero point 0, and no too large multiplier");
    *weights = w.data;
    multiplier[0] = by.mantissa;
    multiplier[1] = by.shift;
    return SMELT_OK;
}

static enum smelt_status read_gates(struct smelt_node *node, struct lstm *t) {
    for (uint32_t gate = 0; gate < SMELT_LSTM_GATES; gate++) {
        int32_t *const by = t->multipliers + gate * SMELT_LSTM_MULTIPLIERS;
        struct smelt_tensor bias;
        enum smelt_status status;
        if ((status = read_weights(node, SMELT_LSTM_KERNEL + gate, &t->data.x, t, &t->weights.kernel[gate], by)) != SMELT_OK ||
            (status = read_weights(node, SMELT_LSTM_RECURRENT + gate, &t->data.state, t, &t->weights.recurrent[gate],
                                   by + 2)) != SMELT_OK ||
            (status = smelt_read_gate(node, SMELT_LSTM_BIAS + gate, SMELT_BIAS, t->p.units, 0, &bias)) != SMELT_OK) {
            return status;
        }
        t->weights.bias[gate] = bias.data;
    }
    return SMELT_OK;
}

/* A float32 number, given by its bits, times 2^cell_bits: cut to an integer of at most 32767, 0 for what is not positive. */
static int32_t integer_clip(uint32_t bits, int32_t cell_bits) {
    const int32_t left = (int32_t)(bits >> 23) - 150 + cell_bits;
    if (bits == 0 || bits >> 31 != 0 || left < -23) {
        return 0;
    }
    const uint32_t value = left < -8 ? ((bits & 0x7FFFFFu) | 0x800000u) >> -left : INT16_MAX;
    return value < INT16_MAX ? (int32_t)value : INT16_MAX;
}

static enum smelt_status read_scales(struct smelt_node *node, struct lstm *t, uint32_t activation, uint32_t clip) {
    const struct smelt_tensor *const y = &t->data.y, *const state = &t->data.state, *const cell = &t->data.cell;
    struct smelt_multiplier by;
    t->p.cell_bits = 127 - (int32_t)(cell->scale_bits >> 23);
    SMELT_REQUIRE(node,
                  activation == SMELT_LSTM_TANH && y->scale_bits == state->scale_bits && y->zero_point == state->zero_point &&
                      (SMELT_TYPE == SMELT_S8 || (y->zero_point == 0 && t->data.x.zero_point == 0)) &&
                      cell->zero_point == 0 && (cell->scale_bits & 0x7FFFFFu) == 0 && t->p.cell_bits >= 0 &&
                      t->p.cell_bits <= 15 &&
                      smelt_derive_multiplier(&by, SCALE_OF_GATES, SCALE_OF_GATES, y->scale_bits, 0) == 0,
                  "needs tanh, output and state of the same scale, and a cell's that is a power of two from 2^-15 to 1");
    t->p.mantissa = by.mantissa;
    t->p.shift = by.shift;
    t->p.cell_clip = integer_clip(clip, t->p.cell_bits);
    return SMELT_OK;
}

static enum smelt_status run(struct smelt_node *node) {
    struct lstm t;
    uint32_t activation = 0, clip = 0;
    enum smelt_status status;
    if ((status = smelt_read_lstm(node, SMELT_TYPE, SMELT_S16, &t.data)) != SMELT_OK ||
        (status = smelt_check_lstm(node, &activation, &clip)) != SMELT_OK ||
        (status = read_scales(node, &t, activation, clip)) != SMELT_OK) {
        return status;
    }
    t.p.table = smelt_sigmoid_table;
    t.p.multipliers = t.multipliers;
    t.p.batches = t.data.x.shape[1];
    t.p.time = t.data.x.shape[2];
    t.p.features = t.data.x.shape[3];
    t.p.units = t.data.y.shape[3];
    t.p.input_zero_point = t.data.x.zero_point;
    t.p.zero_point = t.data.y.zero_point;
    if ((status = read_gates(node, &t)) != SMELT_OK) {
        return status;
    }
    int16_t *const gates = smelt_scratch(node, 2u * SMELT_LSTM_GATES * (uint32_t)t.p.units);
    if (smelt_ready(node)) {
        SMELT_STEPS(t.data.y.data, t.data.x.data, &t.weights, &t.p, t.data.state.data, t.data.cell.data, gates);
    }
    return SMELT_OK;
}
