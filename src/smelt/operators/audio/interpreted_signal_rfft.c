#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    int32_t size;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_signal_option(node, 1, &size)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, size >= SMELT_SIGNAL_SHORTEST && size <= SMELT_SIGNAL_LONGEST && (size & (size - 1)) == 0,
                  "the length must be a power of two from 4 to 2048");
    const int32_t length = x.shape[3];
    SMELT_REQUIRE(node,
                  length > 0 && length <= size && y.shape[3] == size + 2 &&
                      x.elements / length == y.elements / (size + 2),
                  "the shapes do not fit the length");
    if (smelt_ready(node)) {
        smelt_signal_rfft_s16(y.data, x.data, x.elements / length, length, size);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_rfft = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalRfft"};
