#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t permutation[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t count = smelt_parameters(node, &x, &y, 1, permutation, &status);
    if (count < 0) {
        return status;
    }
    uint32_t seen = 0;
    int fits = count == x.rank && count == y.rank;
    for (int32_t k = 0; fits && k < count; k++) {
        const int32_t axis = smelt_axis_from(permutation[k], count);
        fits = axis >= 0 && y.size[k] == x.size[axis] && (seen >> axis & 1) == 0;
        if (fits) {
            seen |= 1u << axis;
            loops[k] = (struct smelt_loop){y.size[k], x.step[axis], y.step[k]};
        }
    }
    SMELT_REQUIRE(node, fits, "this is no permutation of the dimensions");
    return smelt_move_part(node, &x, 0, &y, loops, count);
}

const struct smelt_registration smelt_operator_transpose = {SMELT_CODE_TRANSPOSE, SMELT_ANY, run};
