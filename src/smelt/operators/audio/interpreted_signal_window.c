#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, w, y;
    int32_t shift;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S16, &w)) != SMELT_OK ||
        (status = smelt_signal_shift(node, 0, 31, &shift)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, w.elements > 0 && w.elements == x.shape[3] && y.elements == x.elements,
                  "needs a weight for each sample of a window");
    if (smelt_ready(node)) {
        smelt_signal_window_s16(y.data, x.data, w.data, x.elements / w.elements, w.elements, shift);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_window = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalWindow"};
