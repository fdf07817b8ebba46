#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t sizes[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t count = smelt_parameters(node, &x, &y, 1, sizes, &status);
    if (count < 0) {
        return status;
    }
    int fits = count == y.rank && x.rank <= y.rank;
    for (int32_t k = 0; fits && k < count; k++) {
        const int32_t step = smelt_broadcast_step(&x, &y, k);
        fits = step >= 0 && sizes[k] == y.size[k];
        loops[k] = (struct smelt_loop){y.size[k], step, y.step[k]};
    }
    SMELT_REQUIRE(node, fits, "the input does not broadcast to the output");
    return smelt_move_part(node, &x, 0, &y, loops, count);
}

const struct smelt_registration smelt_operator_broadcast_to = {SMELT_CODE_BROADCAST_TO, SMELT_ANY, run};
