/* The weights of each gate are a tensor of their own here; state and cell are variables. */
#include "interpreted_lstm.h"
#include "recurrent.h"
#include "smelt_interpreter_operators.h"

enum { GATES = 4 };

struct lstm {
    struct smelt_lstm_data data;
    const float *kernel[GATES], *recurrent[GATES], *bias[GATES];
    struct smelt_recurrent_f32_parameters p;
};

/* The tensors of four gates from input `first` on. */
static enum smelt_status read_gates(struct smelt_node *node, uint32_t first, int32_t rows, int32_t columns,
                                    const float **data) {
    for (uint32_t gate = 0; gate < GATES; gate++) {
        struct smelt_tensor tensor;
        const enum smelt_status status = smelt_read_gate(node, first + gate, SMELT_F32, rows, columns, &tensor);
        if (status != SMELT_OK) {
            return status;
        }
        data[gate] = tensor.data;
    }
    return SMELT_OK;
}

static void compute(const struct lstm *t, float *sums) {
    const int32_t units = t->p.units, features = t->p.features;
    const float *input = t->data.x.data;
    float *output = t->data.y.data, *more = sums + GATES * units;
    for (int32_t batch = 0; batch < t->p.batches; batch++) {
        float *const h = (float *)t->data.state.data + batch * units, *const c = (float *)t->data.cell.data + batch * units;
        for (int32_t k = 0; k < t->p.time; k++) {
            for (int32_t gate = 0; gate < GATES; gate++) {
                smelt_recurrent_product_f32(sums + gate * units, t->kernel[gate], input, t->bias[gate], units, features);
                smelt_recurrent_product_f32(more + gate * units, t->recurrent[gate], h, NULL, units, units);
            }
            smelt_lstm_step_f32(h, c, sums, more, &t->p);
            smelt_recurrent_begin_f32(output, h, units);
            input += features;
            output += units;
        }
    }
}

static enum smelt_status run(struct smelt_node *node) {
    struct lstm t;
    uint32_t activation = 0, clip = 0;
    enum smelt_status status;
    if ((status = smelt_read_lstm(node, SMELT_F32, SMELT_F32, &t.data)) != SMELT_OK ||
        (status = smelt_check_lstm(node, &activation, &clip)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, clip == 0, "an LSTM of real numbers with a clipped cell is not supported");
    const struct smelt_tensor *const x = &t.data.x;
    const int32_t units = t.data.y.shape[3];
    const struct smelt_recurrent_f32_parameters found = {
        x->shape[1], x->shape[2], x->shape[3], units, 0,
        activation == SMELT_LSTM_RELU ? SMELT_RECURRENT_RELU : SMELT_RECURRENT_TANH, SMELT_RECURRENT_LOGISTIC, 0};
    t.p = found;
    if ((status = read_gates(node, SMELT_LSTM_KERNEL, units, t.p.features, t.kernel)) != SMELT_OK ||
        (status = read_gates(node, SMELT_LSTM_RECURRENT, units, units, t.recurrent)) != SMELT_OK ||
        (status = read_gates(node, SMELT_LSTM_BIAS, units, 0, t.bias)) != SMELT_OK) {
        return status;
    }
    float *const sums = smelt_scratch(node, 4u * 2 * GATES * (uint32_t)units);
    if (smelt_ready(node)) {
        compute(&t, sums);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_unidirectional_sequence_lstm_f32 = {
    SMELT_CODE_UNIDIRECTIONAL_SEQUENCE_LSTM, SMELT_F32, run};
