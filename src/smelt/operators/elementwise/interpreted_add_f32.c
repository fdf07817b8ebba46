#include "interpreted_arithmetic.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status sum(struct smelt_node *node, float sign) {
    struct smelt_operands t;
    float low, high;
    const enum smelt_status status = smelt_read_real_operands(node, &t, &low, &high);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_add_f32_parameters p = {t.walk.count, t.walk.step_a, t.walk.step_b, sign, low, high};
        smelt_add_broadcast_f32(t.y.data, t.a.data, t.b.data, &p, t.walk.table);
    }
    return status;
}

static enum smelt_status run_add(struct smelt_node *node) {
    return sum(node, 1.0f);
}

const struct smelt_registration smelt_operator_add_f32 = {SMELT_CODE_ADD, SMELT_F32, run_add};

static enum smelt_status run_sub(struct smelt_node *node) {
    return sum(node, -1.0f);
}

const struct smelt_registration smelt_operator_sub_f32 = {SMELT_CODE_SUB, SMELT_F32, run_sub};
