#include "interpreted_lstm.h"

enum { OPTION_ACTIVATION = 0, OPTION_CELL_CLIP = 1, OPTION_CLIP = 2, OPTION_TIME_MAJOR = 3, OPTION_DIAGONAL = 5 };
enum { PEEPHOLE = 9, BIAS = 12, PROJECTION = 16, STATE = 18, NORM = 20 };

enum smelt_status smelt_check_lstm(struct smelt_node *node, uint32_t *activation, uint32_t *cell_clip) {
    struct smelt_file *const file = &node->interpreter->file;
    int extras = 0;
    for (uint32_t index = PEEPHOLE; index < node->inputs.count; index++) {
        extras |= smelt_node_has(node, index) && (index < BIAS || index >= NORM || (index >= PROJECTION && index < STATE));
    }
    SMELT_REQUIRE(node, !extras, "an LSTM with peepholes, a projection or layer normalization is not supported");
    *activation = smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0);
    *cell_clip = smelt_file_u32(file, node->options, OPTION_CELL_CLIP, 0);
    SMELT_REQUIRE(node,
                  smelt_file_u32(file, node->options, OPTION_CLIP, 0) == 0 &&
                      smelt_file_u8(file, node->options, OPTION_TIME_MAJOR, 0) == 0 &&
                      smelt_file_u8(file, node->options, OPTION_DIAGONAL, 0) == 0 &&
                      (*activation == SMELT_LSTM_TANH || *activation == SMELT_LSTM_RELU),
                  "an LSTM with a clipped projection, time first, diagonal weights or this activation is not supported");
    return SMELT_OK;
}

enum smelt_status smelt_read_lstm(struct smelt_node *node, enum smelt_type data, enum smelt_type cell,
                                  struct smelt_lstm_data *t) {
    enum smelt_status status;
    if ((status = smelt_node_unary(node, data, data, &t->x, &t->y)) != SMELT_OK ||
        (status = smelt_node_variable(node, SMELT_LSTM_STATE, data, &t->state)) != SMELT_OK ||
        (status = smelt_node_variable(node, SMELT_LSTM_CELL, cell, &t->cell)) != SMELT_OK) {
        return status;
    }
    const int32_t batches = t->x.shape[1], units = t->state.shape[3];
    SMELT_REQUIRE(node,
                  t->x.rank == 3 && t->y.rank == 3 && t->state.rank == 2 && t->cell.rank == 2 && t->x.bytes != 0 &&
                      t->y.bytes != 0 && t->y.shape[1] == batches && t->y.shape[2] == t->x.shape[2] &&
                      t->y.shape[3] == units && t->state.shape[2] == batches && t->cell.shape[2] == batches &&
                      t->cell.shape[3] == units,
                  "input, state and output must fit together");
    return SMELT_OK;
}

enum smelt_status smelt_read_gate(struct smelt_node *node, uint32_t index, enum smelt_type type, int32_t rows,
                                  int32_t columns, struct smelt_tensor *tensor) {
    const enum smelt_status status = smelt_node_input(node, index, type, tensor);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  columns == 0 ? tensor->rank == 1 && tensor->shape[3] == rows
                               : tensor->rank == 2 && tensor->shape[2] == rows && tensor->shape[3] == columns,
                  "the weights must fit input and state");
    return SMELT_OK;
}
