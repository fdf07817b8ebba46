#include "interpreted_arithmetic.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_operands t;
    float low, high;
    const enum smelt_status status = smelt_read_real_operands(node, &t, &low, &high);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_mul_f32_parameters p = {t.walk.count, t.walk.step_a, t.walk.step_b, low, high};
        smelt_mul_broadcast_f32(t.y.data, t.a.data, t.b.data, &p, t.walk.table);
    }
    return status;
}

const struct smelt_registration smelt_operator_mul_f32 = {SMELT_CODE_MUL, SMELT_F32, run};
