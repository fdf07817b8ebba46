#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t axes[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t count = smelt_parameters(node, &x, &y, 1, axes, &status);
    if (count < 0) {
        return status;
    }
    SMELT_REQUIRE(node, x.rank == y.rank && smelt_same_sizes(&y, 0, &x, 0, x.rank), "the shapes must be equal");
    uint32_t offset = 0;
    for (int32_t k = 0; k < x.rank; k++) {
        loops[k] = (struct smelt_loop){x.size[k], x.step[k], y.step[k]};
    }
    for (int32_t k = 0; k < count; k++) {
        const int32_t axis = smelt_axis_from(axes[k], x.rank);
        SMELT_REQUIRE(node, axis >= 0 && loops[axis].from == x.step[axis], "there is no such axis, or it is there twice");
        loops[axis].from = -x.step[axis];
        offset += (uint32_t)(x.size[axis] - 1) * (uint32_t)x.step[axis];
    }
    return smelt_move_part(node, &x, offset, &y, loops, x.rank);
}

const struct smelt_registration smelt_operator_reverse_v2 = {SMELT_CODE_REVERSE_V2, SMELT_ANY, run};
