#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y, bits;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_node_output(node, 1, SMELT_S32, &bits)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, y.elements == x.elements && bits.elements == 1, "the outputs have other shapes");
    if (smelt_ready(node)) {
        smelt_signal_fft_auto_scale_s16(y.data, bits.data, x.data, x.elements);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_fft_auto_scale = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalFftAutoScale"};
