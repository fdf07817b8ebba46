/* dynamic_update_slice: input 0 with input 1 in place of a part, which begins where input 2 says, moved inside. */
#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y, update;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t begin[SMELT_MOST_NUMBERS];
    enum smelt_status status = smelt_layouts(node, &x, &y);
    if (status != SMELT_OK || (status = smelt_input_layout(node, 1, &update)) != SMELT_OK) {
        return status;
    }
    const int32_t count = smelt_numbers(node, 2, begin, &status);
    if (count < 0) {
        return status;
    }
    int fits = count == x.rank && x.rank == y.rank && update.rank == y.rank && update.tensor.type == y.tensor.type &&
               smelt_same_sizes(&y, 0, &x, 0, x.rank);
    uint32_t offset = 0;
    for (int32_t k = 0; fits && k < count; k++) {
        const int32_t most = y.size[k] - update.size[k], first = begin[k] < most ? begin[k] : most;
        fits = most >= 0;
        offset += first > 0 ? (uint32_t)first * (uint32_t)y.step[k] : 0;
        loops[k] = (struct smelt_loop){update.size[k], update.step[k], y.step[k]};
    }
    SMELT_REQUIRE(node, fits, "the update is no part of the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        memcpy(y.tensor.data, x.tensor.data, y.tensor.bytes);
        if (update.tensor.bytes != 0) {
            smelt_move((uint8_t *)y.tensor.data + offset, update.tensor.data, y.element, loops, count);
        }
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_dynamic_update_slice = {SMELT_CODE_DYNAMIC_UPDATE_SLICE, SMELT_ANY, run};
