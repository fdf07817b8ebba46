#include "activation.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { OPTION_ALPHA = 0 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    const uint32_t alpha = smelt_file_u32(&node->interpreter->file, node->options, OPTION_ALPHA, 0);
    struct smelt_leaky_relu_f32_parameters p = {y.elements, 0.0f};
    memcpy(&p.alpha, &alpha, sizeof p.alpha);
    SMELT_REQUIRE(node, x.elements == y.elements, "the number of elements must stay");
    if (smelt_ready(node)) {
        smelt_leaky_relu_f32(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_leaky_relu_f32 = {SMELT_CODE_LEAKY_RELU, SMELT_F32, run};
