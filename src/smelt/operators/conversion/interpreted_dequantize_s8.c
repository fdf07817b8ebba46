#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_S8, SMELT_F32, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements && x.scales.count == 1, "the input must have one scale and the output's shape");
    struct smelt_quantize_parameters p = {y.elements, 0.0f, x.zero_point};
    memcpy(&p.scale, &x.scale_bits, sizeof p.scale);
    if (smelt_ready(node)) {
        smelt_dequantize_s8_f32(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_dequantize_s8 = {SMELT_CODE_DEQUANTIZE, SMELT_S8, run};
