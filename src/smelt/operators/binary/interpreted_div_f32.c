#include "binary.h"
#include "activation.h"
#include "interpreted_arithmetic.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_operands t;
    float low, high;
    const enum smelt_status status = smelt_read_real_operands(node, &t, &low, &high);
    if (status == SMELT_OK && smelt_ready(node)) {
        smelt_div_f32(t.y.data, t.a.data, t.b.data, t.walk.count, t.walk.step_a, t.walk.step_b, t.walk.table);
        const struct smelt_relu_f32_parameters limits = {t.y.elements, low, high};
        smelt_relu_f32(t.y.data, t.y.data, &limits);
    }
    return status;
}

const struct smelt_registration smelt_operator_div_f32 = {SMELT_CODE_DIV, SMELT_F32, run};
