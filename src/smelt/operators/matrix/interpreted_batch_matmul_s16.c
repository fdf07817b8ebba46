#include "interpreted_batch_matmul.h"
#include "smelt_interpreter_operators.h"

enum { FEWEST_INPUTS = 2 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_batch_matmul_s16_parameters p;
    struct smelt_product_tensors t;
    const struct smelt_scaling scaling = {&t.a, &t.b, &t.y, NULL, SMELT_ONE_SCALE, 0};
    enum smelt_status status = smelt_read_matrices(node, SMELT_S16, &t, &p.walk);
    if (status != SMELT_OK) {
        return status;
    }
    node->inputs.count = FEWEST_INPUTS; /* there is no bias */
    if ((status = smelt_read_rows_s16(node, &scaling, 1, 0, &p.rows)) == SMELT_OK && smelt_ready(node)) {
        smelt_batch_matmul_s16(t.y.data, t.a.data, t.b.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_batch_matmul_s16 = {SMELT_CODE_BATCH_MATMUL, SMELT_S16, run};
