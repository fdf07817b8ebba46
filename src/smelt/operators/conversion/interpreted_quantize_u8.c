#include "interpreted_requantize.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    struct smelt_requantize_s8_parameters p;
    const enum smelt_status status = smelt_read_requantize(node, SMELT_U8, &x, &y, &p);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, y.type == SMELT_S8, "the output must be int8");
    if (smelt_ready(node)) {
        smelt_requantize_u8_s8(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_quantize_u8 = {SMELT_CODE_QUANTIZE, SMELT_U8, run};
