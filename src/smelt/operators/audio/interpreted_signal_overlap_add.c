#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    int32_t step;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_signal_option(node, 1, &step)) != SMELT_OK) {
        return status;
    }
    const int32_t frames = x.shape[2], size = x.shape[3];
    SMELT_REQUIRE(node,
                  x.elements > 0 && step > 0 && step <= size && y.elements % step == 0 &&
                      y.elements / step == x.elements / size,
                  "the shapes do not fit the step");
    const int32_t rows = x.elements / size / frames;
    void *const state = smelt_node_state(node, 2 * (uint32_t)(x.elements / frames));
    if (smelt_ready(node)) {
        smelt_signal_overlap_add_s16(y.data, x.data, rows, frames, size, step, 0, state);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_overlap_add = {{SMELT_CODE_CUSTOM, SMELT_ANY, run},
                                                                        "SignalOverlapAdd"};
