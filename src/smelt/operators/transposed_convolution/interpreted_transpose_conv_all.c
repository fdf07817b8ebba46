/* One operator for all types: its first input is a shape, whose type says nothing of the data's. */
#include "interpreted_transpose_conv.h"
#include "smelt_interpreter_operators.h"

enum { MOST_SUMMED = 65535 };

static enum smelt_status run_f32(struct smelt_node *node) {
    struct smelt_transpose_conv_f32_parameters p;
    struct smelt_transposed t;
    enum smelt_status status;
    if ((status = smelt_read_transposed(node, SMELT_F32, SMELT_F32, &t, &p.window)) != SMELT_OK ||
        (status = smelt_real_bias(node, t.w.shape[0], &p.bias)) != SMELT_OK ||
        (status = smelt_real_bounds(node, t.activation, &p.low, &p.high)) != SMELT_OK) {
        return status;
    }
    if (smelt_ready(node)) {
        smelt_transpose_conv_f32(t.y.data, t.x.data, t.w.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run_s8(struct smelt_node *node) {
    struct smelt_transpose_conv_s8_parameters p;
    struct smelt_transposed t;
    const struct smelt_scaling scaling = {&t.x, &t.w, &t.y, NULL, 0, 0};
    enum smelt_status status;
    if ((status = smelt_read_transposed(node, SMELT_S8, SMELT_S8, &t, &p.window)) != SMELT_OK ||
        (status = smelt_read_rows_s8(node, &scaling, t.w.shape[0], t.activation, &p.rows)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, t.w.elements / t.w.shape[0] <= MOST_SUMMED, "more products than 32 bits hold the sum of");
    p.input_zero_point = t.x.zero_point;
    if (smelt_ready(node)) {
        smelt_transpose_conv_s8(t.y.data, t.x.data, t.w.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run_s16(struct smelt_node *node) {
    struct smelt_transpose_conv_s16_parameters p;
    struct smelt_transposed t;
    const struct smelt_scaling scaling = {&t.x, &t.w, &t.y, NULL, 0, 0};
    enum smelt_status status;
    if ((status = smelt_read_transposed(node, SMELT_S16, SMELT_S8, &t, &p.window)) != SMELT_OK ||
        (status = smelt_read_rows_s16(node, &scaling, t.w.shape[0], t.activation, &p.rows)) != SMELT_OK) {
        return status;
    }
    if (smelt_ready(node)) {
        smelt_transpose_conv_s16(t.y.data, t.x.data, t.w.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x;
    const enum smelt_status status = smelt_node_input(node, 2, SMELT_ANY, &x);
    if (status != SMELT_OK) {
        return status;
    }
    return x.type == SMELT_F32 ? run_f32(node) : x.type == SMELT_S16 ? run_s16(node) : run_s8(node);
}

const struct smelt_registration smelt_operator_transpose_conv = {SMELT_CODE_TRANSPOSE_CONV, SMELT_ANY, run};
