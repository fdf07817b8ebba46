#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

enum { LONGEST = 1 << 20 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    int32_t delay;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_signal_shift(node, 0, LONGEST, &delay)) != SMELT_OK) {
        return status;
    }
    const int32_t size = x.shape[3], rows = size == 0 ? 0 : x.elements / size;
    SMELT_REQUIRE(node, size > 0 && y.elements == x.elements && (delay == 0 || rows <= LONGEST / delay),
                  "the shapes or the delay do not fit");
    void *const state = smelt_node_state(node, 2 * (uint32_t)rows * (uint32_t)delay);
    if (smelt_ready(node)) {
        smelt_signal_delay_s16(y.data, x.data, rows, size, delay, 0, state);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_delay = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalDelay"};
