#include "interpreted_binary_f32.h"

enum { OPTION_ACTIVATION = 0 };

enum smelt_status smelt_read_binary_f32(struct smelt_node *node, struct smelt_binary_f32 *t) {
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &t->a, &t->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_F32, &t->b)) != SMELT_OK) {
        return status;
    }
    t->step_a = t->a.elements == t->y.elements;
    t->step_b = t->b.elements == t->y.elements;
    SMELT_REQUIRE(node, (t->step_a || t->a.elements == 1) && (t->step_b || t->b.elements == 1),
                  "the shapes must be equal, or an input a single number");
    const uint32_t activation = smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0);
    return smelt_real_bounds(node, activation, &t->low, &t->high);
}

enum smelt_status smelt_run_sum_f32(struct smelt_node *node, float sign) {
    struct smelt_binary_f32 t;
    const enum smelt_status status = smelt_read_binary_f32(node, &t);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_add_f32_parameters p = {t.y.elements, t.step_a, t.step_b, sign, t.low, t.high};
        smelt_add_f32(t.y.data, t.a.data, t.b.data, &p);
    }
    return status;
}
