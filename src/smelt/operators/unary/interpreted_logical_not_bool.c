#include "smelt_interpreter_operators.h"
#include "smelt_node.h"
#include "unary.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_BOOL, SMELT_BOOL, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements, "the number of elements must stay");
    if (smelt_ready(node)) {
        smelt_logical_not_bool(y.data, x.data, y.elements);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_logical_not_bool = {SMELT_CODE_LOGICAL_NOT, SMELT_BOOL, run};
