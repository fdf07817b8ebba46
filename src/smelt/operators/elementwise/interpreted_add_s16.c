#include "interpreted_arithmetic.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status sum(struct smelt_node *node, int32_t sign) {
    struct smelt_add_s8_parameters p;
    struct smelt_operands t;
    const enum smelt_status status = smelt_read_sum(node, SMELT_S16, sign, &t, &p);
    if (status == SMELT_OK && smelt_ready(node)) {
        smelt_add_broadcast_s16(t.y.data, t.a.data, t.b.data, &p, t.walk.table);
    }
    return status;
}

static enum smelt_status run_add(struct smelt_node *node) {
    return sum(node, 1);
}

const struct smelt_registration smelt_operator_add_s16 = {SMELT_CODE_ADD, SMELT_S16, run_add};

static enum smelt_status run_sub(struct smelt_node *node) {
    return sum(node, -1);
}

const struct smelt_registration smelt_operator_sub_s16 = {SMELT_CODE_SUB, SMELT_S16, run_sub};
