#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_F32, SMELT_S8, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements && y.scales.count == 1, "the output must have one scale and the input's shape");
    struct smelt_quantize_parameters p = {y.elements, 0.0f, y.zero_point};
    memcpy(&p.scale, &y.scale_bits, sizeof p.scale);
    if (smelt_ready(node)) {
        smelt_quantize_f32_s8(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_quantize_f32 = {SMELT_CODE_QUANTIZE, SMELT_F32, run};
