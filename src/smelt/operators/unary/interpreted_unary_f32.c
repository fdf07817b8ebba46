#include "interpreted_unary_f32.h"

enum smelt_status smelt_run_unary_f32(struct smelt_node *node, smelt_unary_f32 *kernel) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x.elements == y.elements, "the number of elements must stay");
    if (smelt_ready(node)) {
        kernel(y.data, x.data, y.elements);
    }
    return SMELT_OK;
}
