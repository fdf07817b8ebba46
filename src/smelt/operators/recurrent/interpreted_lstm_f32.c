/* The weights of each gate are a tensor of their own here; state and cell are variables. */
#include "recurrent.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { OPTION_ACTIVATION = 0, OPTION_CELL_CLIP = 1, OPTION_CLIP = 2, OPTION_TIME_MAJOR = 3, OPTION_DIAGONAL = 5 };
enum { GATES = 4, KERNEL = 1, RECURRENT = 5, PEEPHOLE = 9, BIAS = 12, PROJECTION = 16, STATE = 18, CELL = 19, NORM = 20 };
enum { ACTIVATION_RELU = 1, ACTIVATION_TANH = 4 };

struct lstm {
    struct smelt_tensor x, y, state, cell;
    const float *kernel[GATES], *recurrent[GATES], *bias[GATES];
    struct smelt_recurrent_f32_parameters p;
};

/* The tensors of four gates from input `first` on. */
static enum smelt_status read_gates(struct smelt_node *node, uint32_t first, int32_t rows, int32_t columns,
                                    const float **data) {
    for (uint32_t gate = 0; gate < GATES; gate++) {
        struct smelt_tensor tensor;
        const enum smelt_status status = smelt_node_input(node, first + gate, SMELT_F32, &tensor);
        if (status != SMELT_OK) {
            return status;
        }
        SMELT_REQUIRE(node,
                      columns == 0 ? tensor.rank == 1 && tensor.shape[3] == rows
                                   : tensor.rank == 2 && tensor.shape[2] == rows && tensor.shape[3] == columns,
                      "the weights must fit input and state");
        data[gate] = tensor.data;
    }
    return SMELT_OK;
}

static enum smelt_status check_options(struct smelt_node *node, int32_t *activation) {
    struct smelt_file *const file = &node->interpreter->file;
    const uint32_t kind = smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0);
    int extras = 0;
    for (uint32_t index = PEEPHOLE; index < node->inputs.count; index++) {
        extras |= smelt_node_has(node, index) && (index < BIAS || index >= NORM || (index >= PROJECTION && index < STATE));
    }
    SMELT_REQUIRE(node, !extras, "an LSTM with peepholes, a projection or layer normalization is not supported");
    SMELT_REQUIRE(node,
                  smelt_file_u32(file, node->options, OPTION_CELL_CLIP, 0) == 0 &&
                      smelt_file_u32(file, node->options, OPTION_CLIP, 0) == 0 &&
                      smelt_file_u8(file, node->options, OPTION_TIME_MAJOR, 0) == 0 &&
                      smelt_file_u8(file, node->options, OPTION_DIAGONAL, 0) == 0 &&
                      (kind == ACTIVATION_TANH || kind == ACTIVATION_RELU),
                  "an LSTM with clipping, time first, diagonal weights or this activation is not supported");
    *activation = kind == ACTIVATION_RELU ? SMELT_RECURRENT_RELU : SMELT_RECURRENT_TANH;
    return SMELT_OK;
}

static void compute(const struct lstm *t, float *sums) {
    const int32_t units = t->p.units, features = t->p.features;
    const float *input = t->x.data;
    float *output = t->y.data, *more = sums + GATES * units;
    for (int32_t batch = 0; batch < t->p.batches; batch++) {
        float *const h = (float *)t->state.data + batch * units, *const c = (float *)t->cell.data + batch * units;
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
    int32_t activation = SMELT_RECURRENT_TANH;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &t.x, &t.y)) != SMELT_OK ||
        (status = smelt_node_variable(node, STATE, SMELT_F32, &t.state)) != SMELT_OK ||
        (status = smelt_node_variable(node, CELL, SMELT_F32, &t.cell)) != SMELT_OK ||
        (status = check_options(node, &activation)) != SMELT_OK) {
        return status;
    }
    const int32_t batches = t.x.shape[1], units = t.state.shape[3];
    SMELT_REQUIRE(node,
                  t.x.rank == 3 && t.y.rank == 3 && t.state.rank == 2 && t.cell.rank == 2 && t.x.bytes != 0 &&
                      t.y.bytes != 0 && t.y.shape[1] == batches && t.y.shape[2] == t.x.shape[2] &&
                      t.y.shape[3] == units && t.state.shape[2] == batches && t.cell.shape[2] == batches &&
                      t.cell.shape[3] == units,
                  "input, state and output must fit together");
    const struct smelt_recurrent_f32_parameters found = {batches,    t.x.shape[2],             t.x.shape[3], units, 0,
                                                         activation, SMELT_RECURRENT_LOGISTIC, 0};
    t.p = found;
    if ((status = read_gates(node, KERNEL, units, t.p.features, t.kernel)) != SMELT_OK ||
        (status = read_gates(node, RECURRENT, units, units, t.recurrent)) != SMELT_OK ||
        (status = read_gates(node, BIAS, units, 0, t.bias)) != SMELT_OK) {
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
