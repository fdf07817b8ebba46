#include "dense_s16.h"
#include "interpreted_fully_connected.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_fully_connected_s16_parameters p;
    struct smelt_dense t;
    struct smelt_scaling scaling = {&t.x, &t.w, &t.y, NULL, SMELT_ONE_SCALE, 0};
    enum smelt_status status = smelt_read_dense(node, SMELT_S16, SMELT_S8, &t);
    if (status != SMELT_OK) {
        return status;
    }
    scaling.channels = t.w.scales.count > 1 ? t.outputs : SMELT_ONE_SCALE;
    if ((status = smelt_read_rows_s16(node, &scaling, t.outputs, t.activation, &p.rows)) != SMELT_OK) {
        return status;
    }
    p.batches = t.rows;
    p.inputs = t.depth;
    p.outputs = t.outputs;
    if (smelt_ready(node)) {
        smelt_fully_connected_s16(t.y.data, t.x.data, t.w.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_fully_connected_s16 = {SMELT_CODE_FULLY_CONNECTED, SMELT_S16, run};
