#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_F16, SMELT_F32, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements, "input and output must have the same shape");
    if (smelt_ready(node)) {
        smelt_dequantize_f16_f32(y.data, x.data, y.elements);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_dequantize_f16 = {SMELT_CODE_DEQUANTIZE, SMELT_F16, run};
