#include "indexing.h"
#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y, indices;
    int32_t axes[2 * SMELT_MOST_AXES];
    enum smelt_status status = smelt_layouts(node, &x, &y);
    if (status != SMELT_OK || (status = smelt_input_layout(node, 1, &indices)) != SMELT_OK) {
        return status;
    }
    const int32_t words = indices.tensor.type == SMELT_S64 ? 2 : 1, lead = indices.rank - 1;
    const int32_t depth = lead >= 0 ? indices.size[lead] : 0;
    SMELT_REQUIRE(node, depth > 0 && depth <= x.rank && y.rank == lead + x.rank - depth &&
                            (indices.tensor.type == SMELT_S32 || words == 2) && smelt_same_sizes(&y, 0, &indices, 0, lead) &&
                            smelt_same_sizes(&y, lead, &x, depth, x.rank - depth) &&
                            (x.tensor.bytes != 0 || y.tensor.bytes == 0),
                  "data and indices do not make the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        for (int32_t k = 0; k < depth; k++) {
            axes[2 * k] = x.size[k];
            axes[2 * k + 1] = x.step[k];
        }
        const struct smelt_places places = {1, smelt_product(&indices, 0, lead), depth, words, x.step[depth - 1], 0, axes};
        smelt_gather_nd(y.tensor.data, x.tensor.data, indices.tensor.data, &places);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_gather_nd = {SMELT_CODE_GATHER_ND, SMELT_ANY, run};
