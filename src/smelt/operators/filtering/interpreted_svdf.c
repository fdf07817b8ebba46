#include "interpreted_svdf.h"

enum { OPTION_RANK = 0, INPUT_BIAS = 3, INPUT_STATE = 4 };

static enum smelt_status read_bias(struct smelt_node *node, enum smelt_type type, struct smelt_tensor *bias,
                                   int32_t units) {
    bias->data = NULL;
    if (smelt_node_has(node, INPUT_BIAS)) {
        const enum smelt_status status = smelt_node_input(node, INPUT_BIAS, type, bias);
        if (status != SMELT_OK) {
            return status;
        }
        SMELT_REQUIRE(node, bias->elements == units, "the bias must be a number a unit");
    }
    return SMELT_OK;
}

enum smelt_status smelt_read_svdf(struct smelt_node *node, enum smelt_type data, uint32_t time, enum smelt_type bias,
                                  struct smelt_svdf *t, struct smelt_svdf_walk *walk) {
    const uint32_t rank = smelt_file_u32(&node->interpreter->file, node->options, OPTION_RANK, 0);
    enum smelt_status status;
    if ((status = smelt_node_unary(node, data, data, &t->x, &t->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, data, &t->features)) != SMELT_OK ||
        (status = smelt_node_input(node, 2, time, &t->time)) != SMELT_OK ||
        (status = smelt_node_variable(node, INPUT_STATE, t->time.type, &t->state)) != SMELT_OK) {
        return status;
    }
    const int32_t batches = t->x.shape[2], filters = t->features.shape[2], memory = t->time.shape[3];
    SMELT_REQUIRE(node,
                  t->x.rank == 2 && t->features.rank == 2 && t->time.rank == 2 && t->y.rank == 2 && rank != 0 &&
                      filters > 0 && rank <= (uint32_t)filters && filters % (int32_t)rank == 0 &&
                      t->features.shape[3] == t->x.shape[3] && t->time.shape[2] == filters && memory > 0 &&
                      t->y.shape[2] == batches && t->y.shape[3] == filters / (int32_t)rank &&
                      t->state.elements % t->time.elements == 0 && t->state.elements / t->time.elements == batches,
                  "the weights must fit input, state and output");
    const struct smelt_svdf_walk found = {batches, t->x.shape[3], filters, (int32_t)rank, memory, 0};
    *walk = found;
    return read_bias(node, bias, &t->bias, t->y.shape[3]);
}
