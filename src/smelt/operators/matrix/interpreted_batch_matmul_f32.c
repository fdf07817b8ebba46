#include "interpreted_batch_matmul.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_batch_matmul_f32_parameters p;
    struct smelt_product_tensors t;
    const enum smelt_status status = smelt_read_matrices(node, SMELT_F32, &t, &p.walk);
    if (status == SMELT_OK && smelt_ready(node)) {
        smelt_batch_matmul_f32(t.y.data, t.a.data, t.b.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_batch_matmul_f32 = {SMELT_CODE_BATCH_MATMUL, SMELT_F32, run};
