#include "activation.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

/* `activation`: as fused ones are numbered. */
static enum smelt_status limit(struct smelt_node *node, uint32_t activation) {
    struct smelt_relu_f32_parameters p;
    struct smelt_tensor x, y;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y)) != SMELT_OK ||
        (status = smelt_real_bounds(node, activation, &p.low, &p.high)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements, "the number of elements must stay");
    p.count = y.elements;
    if (smelt_ready(node)) {
        smelt_relu_f32(y.data, x.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run_relu(struct smelt_node *node) {
    return limit(node, 1);
}

const struct smelt_registration smelt_operator_relu_f32 = {SMELT_CODE_RELU, SMELT_F32, run_relu};

static enum smelt_status run_relu_n1_to_1(struct smelt_node *node) {
    return limit(node, 2);
}

const struct smelt_registration smelt_operator_relu_n1_to_1_f32 = {SMELT_CODE_RELU_N1_TO_1, SMELT_F32, run_relu_n1_to_1};

static enum smelt_status run_relu6(struct smelt_node *node) {
    return limit(node, 3);
}

const struct smelt_registration smelt_operator_relu6_f32 = {SMELT_CODE_RELU6, SMELT_F32, run_relu6};
