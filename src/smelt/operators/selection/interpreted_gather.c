/* gather, and embedding_lookup, whose indices come first. */
#include "interpreted_moves.h"
#include "selection.h"

enum { GATHER_AXIS = 0, GATHER_BATCH = 1 };

static enum smelt_status gather(struct smelt_node *node, uint32_t data, int32_t axis, int32_t batch) {
    struct smelt_layout x, y, indices;
    enum smelt_status status = smelt_input_layout(node, data, &x);
    if (status != SMELT_OK || (status = smelt_output_layout(node, 0, &x, &y)) != SMELT_OK ||
        (status = smelt_input_layout(node, 1 - data, &indices)) != SMELT_OK) {
        return status;
    }
    axis = smelt_axis_from(axis, x.rank);
    batch += batch < 0 ? indices.rank : 0;
    const int32_t words = indices.tensor.type == SMELT_S64 ? 2 : 1, named = batch < 0 ? -1 : indices.rank - batch;
    SMELT_REQUIRE(node, axis >= batch && named >= 0 && y.rank == x.rank - 1 + named &&
                            (indices.tensor.type == SMELT_S32 || words == 2) && smelt_same_sizes(&x, 0, &indices, 0, batch) &&
                            smelt_same_sizes(&y, 0, &x, 0, axis) && smelt_same_sizes(&y, axis, &indices, batch, named) &&
                            smelt_same_sizes(&y, axis + named, &x, axis + 1, x.rank - axis - 1) &&
                            (x.tensor.bytes != 0 || y.tensor.bytes == 0),
                  "data and indices do not make the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        const struct smelt_gather_parameters p = {smelt_product(&x, 0, batch), smelt_product(&x, batch, axis), x.size[axis],
                                                  smelt_product(&indices, batch, indices.rank), words, x.step[axis]};
        smelt_gather(y.tensor.data, x.tensor.data, indices.tensor.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run_gather(struct smelt_node *node) {
    struct smelt_file *const file = &node->interpreter->file;
    return gather(node, 0, (int32_t)smelt_file_u32(file, node->options, GATHER_AXIS, 0),
                  (int32_t)smelt_file_u32(file, node->options, GATHER_BATCH, 0));
}

const struct smelt_registration smelt_operator_gather = {SMELT_CODE_GATHER, SMELT_ANY, run_gather};

static enum smelt_status run_embedding_lookup(struct smelt_node *node) {
    return gather(node, 1, 0, 0);
}

const struct smelt_registration smelt_operator_embedding_lookup = {SMELT_CODE_EMBEDDING_LOOKUP, SMELT_ANY,
                                                                   run_embedding_lookup};
