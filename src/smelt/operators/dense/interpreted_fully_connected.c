#include "interpreted_fully_connected.h"

enum { OPTION_ACTIVATION = 0, OPTION_FORMAT = 1 };

enum smelt_status smelt_read_dense(struct smelt_node *node, uint32_t data, uint32_t weights,
                                   struct smelt_dense *dense) {
    struct smelt_file *const file = &node->interpreter->file;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, data, data, &dense->x, &dense->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, weights, &dense->w)) != SMELT_OK) {
        return status;
    }
    const int32_t outputs = dense->w.shape[2], depth = dense->w.shape[3];
    const int32_t rows = depth > 0 ? dense->x.elements / depth : 0;
    SMELT_REQUIRE(node,
                  dense->w.rank == 2 && depth > 0 && outputs > 0 && dense->x.elements % depth == 0 &&
                      dense->y.elements / outputs == rows && dense->y.elements % outputs == 0 &&
                      smelt_file_u8(file, node->options, OPTION_FORMAT, 0) == 0,
                  "the weights must fit input and output");
    dense->rows = rows;
    dense->depth = depth;
    dense->outputs = outputs;
    dense->activation = smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0);
    return SMELT_OK;
}
