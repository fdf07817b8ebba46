#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    enum smelt_status status = smelt_node_input(node, 0, SMELT_ANY, &x);
    if (status != SMELT_OK || (status = smelt_node_output(node, 0, x.type, &y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.bytes == y.bytes, "the shapes must be equal");
    if (smelt_ready(node) && y.bytes != 0) {
        memset(y.data, 0, y.bytes);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_zeros_like = {SMELT_CODE_ZEROS_LIKE, SMELT_ANY, run};
