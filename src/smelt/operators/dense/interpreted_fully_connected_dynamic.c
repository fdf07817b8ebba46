/* Real data, each row quantized to int8, and int8 weights. */
#include "dense_narrow.h"
#include "interpreted_fully_connected.h"

enum { OPTION_ASYMMETRIC = 3 };

enum smelt_status smelt_run_dense_dynamic(struct smelt_node *node) {
    struct smelt_fully_connected_narrow_f32_parameters p;
    struct smelt_dense t;
    enum smelt_status status;
    if ((status = smelt_read_dense(node, SMELT_F32, SMELT_S8, &t)) != SMELT_OK ||
        (status = smelt_read_narrow(node, &t.w, t.outputs, t.depth, t.activation, &p.narrow)) != SMELT_OK) {
        return status;
    }
    p.batches = t.rows;
    p.inputs = t.depth;
    p.outputs = t.outputs;
    p.symmetric = smelt_file_u8(&node->interpreter->file, node->options, OPTION_ASYMMETRIC, 0) == 0;
    void *const row = smelt_scratch(node, (uint32_t)t.depth);
    if (smelt_ready(node)) {
        smelt_fully_connected_dynamic_s8(t.y.data, t.x.data, t.w.data, &p, row);
    }
    return SMELT_OK;
}
