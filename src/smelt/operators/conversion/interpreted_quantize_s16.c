#include "interpreted_requantize.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    struct smelt_requantize_s8_parameters p;
    const enum smelt_status status = smelt_read_requantize(node, SMELT_S16, &x, &y, &p);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, y.type == SMELT_S8 || y.type == SMELT_S16, "the output must be int8 or int16");
    if (smelt_ready(node) && y.type == SMELT_S8) {
        smelt_requantize_s16_s8(y.data, x.data, &p);
    } else if (smelt_ready(node)) {
        smelt_requantize_s16_s16(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_quantize_s16 = {SMELT_CODE_QUANTIZE, SMELT_S16, run};
