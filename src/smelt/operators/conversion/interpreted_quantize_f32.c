#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    enum smelt_status status;
    if ((status = smelt_node_input(node, 0, SMELT_F32, &x)) != SMELT_OK ||
        (status = smelt_node_output(node, 0, SMELT_ANY, &y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  (y.type == SMELT_S8 || y.type == SMELT_U8 || y.type == SMELT_S16) && x.elements == y.elements &&
                      y.scales.count == 1,
                  "the output must be int8, uint8 or int16, and have one scale and the input's shape");
    const struct smelt_quantize_parameters p = {y.elements, smelt_scale(&y), y.zero_point};
    if (smelt_ready(node) && y.type == SMELT_S8) {
        smelt_quantize_f32_s8(y.data, x.data, &p);
    } else if (smelt_ready(node) && y.type == SMELT_U8) {
        smelt_quantize_f32_u8(y.data, x.data, &p);
    } else if (smelt_ready(node)) {
        smelt_quantize_f32_s16(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_quantize_f32 = {SMELT_CODE_QUANTIZE, SMELT_F32, run};
