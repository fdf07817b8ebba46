#include "smelt_interpreter_operators.h"
#include "smelt_node.h"
#include "softmax.h"

enum { OPTION_BETA = 0 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    const uint32_t beta = smelt_file_u32(&node->interpreter->file, node->options, OPTION_BETA, 0);
    const int32_t depth = x.shape[3];
    SMELT_REQUIRE(node, x.elements == y.elements && x.rank > 0 && depth > 0, "softmax keeps the shape, which has elements");
    struct smelt_softmax_f32_parameters p = {x.elements / depth, depth, 0.0f};
    memcpy(&p.beta, &beta, sizeof p.beta);
    if (smelt_ready(node)) {
        smelt_softmax_f32(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_softmax_f32 = {SMELT_CODE_SOFTMAX, SMELT_F32, run};
