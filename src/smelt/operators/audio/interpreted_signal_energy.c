#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    int32_t start, end;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_U32, &x, &y)) != SMELT_OK ||
        (status = smelt_signal_option(node, 0, &end)) != SMELT_OK ||
        (status = smelt_signal_option(node, 1, &start)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements / 2 == y.elements && start >= 0 && start <= end && end <= y.elements,
                  "there are no such frequencies");
    if (smelt_ready(node)) {
        smelt_signal_energy_s16(y.data, x.data, y.elements, start, end);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_energy = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalEnergy"};
