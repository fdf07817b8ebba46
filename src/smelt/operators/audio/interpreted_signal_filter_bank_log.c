#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    int32_t bits, scale;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_U32, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_signal_shift(node, 0, 31, &bits)) != SMELT_OK ||
        (status = smelt_signal_option(node, 1, &scale)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, y.elements == x.elements, "the output has another shape");
    if (smelt_ready(node)) {
        smelt_signal_filter_bank_log_u32(y.data, x.data, x.elements, bits, scale);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_filter_bank_log = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalFilterBankLog"};
