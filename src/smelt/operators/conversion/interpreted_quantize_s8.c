#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    struct smelt_multiplier ratio;
    const enum smelt_status status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements && smelt_derive_multiplier(&ratio, x.scale_bits, SMELT_ONE, y.scale_bits, 0) == 0,
                  "input and output must have the same shape, and scales that are positive numbers");
    const struct smelt_requantize_s8_parameters p = {y.elements, x.zero_point, ratio.mantissa, ratio.shift, y.zero_point};
    if (smelt_ready(node)) {
        smelt_requantize_s8(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_quantize_s8 = {SMELT_CODE_QUANTIZE, SMELT_S8, run};
