#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t sizes[SMELT_MOST_NUMBERS];
    enum smelt_status status = smelt_layouts(node, &x, &y);
    const int32_t count = status == SMELT_OK ? smelt_numbers(node, 1, sizes, &status) : -1;
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
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        smelt_move(y.tensor.data, x.tensor.data, y.element, loops, count);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_broadcast_to = {SMELT_CODE_BROADCAST_TO, SMELT_ANY, run};
