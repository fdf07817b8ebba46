#include "interpreted_arithmetic.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_mul_s8_parameters p;
    struct smelt_operands t;
    const enum smelt_status status = smelt_read_product(node, SMELT_S8, &t, &p);
    if (status == SMELT_OK && smelt_ready(node)) {
        smelt_mul_broadcast_s8(t.y.data, t.a.data, t.b.data, &p, t.walk.table);
    }
    return status;
}

const struct smelt_registration smelt_operator_mul_s8 = {SMELT_CODE_MUL, SMELT_S8, run};
