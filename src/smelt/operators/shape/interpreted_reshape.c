#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status copy(struct smelt_node *node, enum smelt_type type) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, type, type, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.bytes == y.bytes, "the number of elements must stay");
    if (smelt_ready(node)) {
        memcpy(y.data, x.data, y.bytes);
    }
    return SMELT_OK;
}

static enum smelt_status run_s8(struct smelt_node *node) {
    return copy(node, SMELT_S8);
}

const struct smelt_registration smelt_operator_reshape_s8 = {SMELT_CODE_RESHAPE, SMELT_S8, run_s8};

static enum smelt_status run_f32(struct smelt_node *node) {
    return copy(node, SMELT_F32);
}

const struct smelt_registration smelt_operator_reshape_f32 = {SMELT_CODE_RESHAPE, SMELT_F32, run_f32};
