/* shape: the sizes of the dimensions. */
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    enum smelt_status status = smelt_node_input(node, 0, SMELT_ANY, &x);
    if (status != SMELT_OK || (status = smelt_node_output(node, 0, SMELT_ANY, &y)) != SMELT_OK) {
        return status;
    }
    const uint32_t words = y.type == SMELT_S64 ? 2 : 1;
    SMELT_REQUIRE(node, (y.type == SMELT_S32 || words == 2) && y.elements == x.rank, "the output must have a number a dimension");
    for (uint32_t k = 0; smelt_ready(node) && k < x.dimensions.count; k++) {
        int32_t *const to = (int32_t *)y.data + words * k;
        to[words - 1] = 0;
        to[0] = (int32_t)smelt_file_word(&node->interpreter->file, x.dimensions.at + 4 * k);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_shape = {SMELT_CODE_SHAPE, SMELT_ANY, run};
