/* What gives the same elements another shape. */
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    enum smelt_status status;
    if ((status = smelt_node_input(node, 0, SMELT_ANY, &x)) != SMELT_OK ||
        (status = smelt_node_output(node, 0, x.type, &y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.bytes == y.bytes, "the number of elements must stay");
    if (smelt_ready(node) && y.bytes != 0) {
        memcpy(y.data, x.data, y.bytes);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_reshape = {SMELT_CODE_RESHAPE, SMELT_ANY, run};
const struct smelt_registration smelt_operator_squeeze = {SMELT_CODE_SQUEEZE, SMELT_ANY, run};
const struct smelt_registration smelt_operator_expand_dims = {SMELT_CODE_EXPAND_DIMS, SMELT_ANY, run};
