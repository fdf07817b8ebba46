#include "dense.h"
#include "interpreted_fully_connected.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_fully_connected_f32_parameters p;
    struct smelt_dense t;
    enum smelt_status status = smelt_node_input(node, 1, SMELT_ANY, &t.w);
    if (status == SMELT_OK && t.w.type == SMELT_S8) {
        return smelt_run_dense_dynamic(node);
    }
    if (status != SMELT_OK || (status = smelt_read_dense(node, SMELT_F32, SMELT_F32, &t)) != SMELT_OK ||
        (status = smelt_real_bias(node, t.outputs, &p.bias)) != SMELT_OK ||
        (status = smelt_real_bounds(node, t.activation, &p.low, &p.high)) != SMELT_OK) {
        return status;
    }
    p.outputs = t.outputs;
    p.inputs = t.depth;
    p.batches = t.rows;
    if (smelt_ready(node)) {
        smelt_fully_connected_f32(t.y.data, t.x.data, t.w.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_fully_connected_f32 = {SMELT_CODE_FULLY_CONNECTED, SMELT_F32, run};
