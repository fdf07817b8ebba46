#include "dense.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { OPTION_ACTIVATION = 0, OPTION_FORMAT = 1 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_file *const file = &node->interpreter->file;
    struct smelt_fully_connected_f32_parameters p;
    struct smelt_tensor x, w, y;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_F32, &w)) != SMELT_OK ||
        (status = smelt_real_bias(node, w.shape[2], &p.bias)) != SMELT_OK ||
        (status = smelt_real_bounds(node, smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0), &p.low, &p.high)) !=
            SMELT_OK) {
        return status;
    }
    p.outputs = w.shape[2];
    p.inputs = w.shape[3];
    p.batches = p.inputs > 0 ? x.elements / p.inputs : 0;
    SMELT_REQUIRE(node,
                  w.rank == 2 && p.inputs > 0 && p.outputs > 0 && x.elements % p.inputs == 0 &&
                      y.elements / p.outputs == p.batches && y.elements % p.outputs == 0 &&
                      smelt_file_u8(file, node->options, OPTION_FORMAT, 0) == 0,
                  "the weights must fit input and output");
    if (smelt_ready(node)) {
        smelt_fully_connected_f32(y.data, x.data, w.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_fully_connected_f32 = {SMELT_CODE_FULLY_CONNECTED, SMELT_F32, run};
