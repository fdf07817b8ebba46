#include "interpreted_binary_f32.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_binary_f32 t;
    const enum smelt_status status = smelt_read_binary_f32(node, &t);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_mul_f32_parameters p = {t.y.elements, t.step_a, t.step_b, t.low, t.high};
        smelt_mul_f32(t.y.data, t.a.data, t.b.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_mul_f32 = {SMELT_CODE_MUL, SMELT_F32, run};
