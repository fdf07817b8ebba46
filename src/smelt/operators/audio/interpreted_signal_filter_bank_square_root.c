#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, bits, y;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_U64, SMELT_U32, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S32, &bits)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, y.elements == x.elements && bits.elements == 1, "the output has another shape");
    if (smelt_ready(node)) {
        smelt_signal_filter_bank_square_root_u64(y.data, x.data, bits.data, x.elements);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_filter_bank_square_root = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalFilterBankSquareRoot"};
