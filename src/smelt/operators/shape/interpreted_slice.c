/* slice: `size` elements from `begin` on along each dimension, -1 for the rest. */
#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t begin[SMELT_MOST_NUMBERS], size[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t begins = smelt_parameters(node, &x, &y, 1, begin, &status);
    const int32_t sizes = begins < 0 ? -1 : smelt_numbers(node, 2, size, &status);
    if (sizes < 0) {
        return status;
    }
    int fits = begins == x.rank && sizes == x.rank && y.rank == x.rank;
    uint32_t offset = 0;
    for (int32_t k = 0; fits && k < x.rank; k++) {
        fits = begin[k] >= 0 && begin[k] <= x.size[k] && y.size[k] <= x.size[k] - begin[k] &&
               y.size[k] == (size[k] == -1 ? x.size[k] - begin[k] : size[k]);
        offset += (uint32_t)begin[k] * (uint32_t)x.step[k];
        loops[k] = (struct smelt_loop){y.size[k], x.step[k], y.step[k]};
    }
    SMELT_REQUIRE(node, fits, "begin and size do not lead to the output");
    return smelt_move_part(node, &x, offset, &y, loops, x.rank);
}

const struct smelt_registration smelt_operator_slice = {SMELT_CODE_SLICE, SMELT_ANY, run};
