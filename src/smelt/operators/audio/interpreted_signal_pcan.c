#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, noise, gains, y;
    int32_t shift;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_U32, SMELT_U32, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_U32, &noise)) != SMELT_OK ||
        (status = smelt_node_input(node, 2, SMELT_S16, &gains)) != SMELT_OK ||
        (status = smelt_signal_shift(node, 0, 63, &shift)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  noise.elements == x.elements && y.elements == x.elements && gains.elements >= SMELT_SIGNAL_GAINS,
                  "the shapes do not fit");
    if (smelt_ready(node)) {
        smelt_signal_pcan_u32(y.data, x.data, noise.data, gains.data, x.elements, shift);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_pcan = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalPCAN"};
