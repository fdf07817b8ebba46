#include "interpreted_transpose_conv.h"

enum { OPTION_PADDING = 0, OPTION_STRIDE_WIDTH = 1, OPTION_STRIDE_HEIGHT = 2, OPTION_ACTIVATION = 3, PADDING_SAME = 0 };
enum { LARGEST = 0x7FFF };

/* What SAME cuts off in front. */
static int32_t cut_off(int32_t size, int32_t taps, int32_t stride, int same) {
    const int32_t total = (size - 1) / stride * stride + taps - size;
    return same && total > 0 ? total / 2 : 0;
}

enum smelt_status smelt_read_transposed(struct smelt_node *node, uint32_t data, uint32_t weights,
                                        struct smelt_transposed *t, struct smelt_transpose_conv_window *window) {
    struct smelt_file *const file = &node->interpreter->file;
    const struct smelt_tensor *const x = &t->x, *const w = &t->w, *const y = &t->y;
    const int same = smelt_file_u8(file, node->options, OPTION_PADDING, 0) == PADDING_SAME;
    const uint32_t width = smelt_file_u32(file, node->options, OPTION_STRIDE_WIDTH, 0);
    const uint32_t height = smelt_file_u32(file, node->options, OPTION_STRIDE_HEIGHT, 0);
    enum smelt_status status;
    SMELT_REQUIRE(node, node->inputs.count > 2, "a tensor is missing");
    node->inputs.at += 4;
    node->inputs.count--;
    if ((status = smelt_node_input(node, 0, weights, &t->w)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, data, &t->x)) != SMELT_OK ||
        (status = smelt_node_output(node, 0, data, &t->y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  x->rank == 4 && w->rank == 4 && y->rank == 4 && x->shape[0] == y->shape[0] && w->bytes != 0 &&
                      y->bytes != 0 && x->shape[3] == w->shape[3] && y->shape[3] == w->shape[0] &&
                      w->shape[1] <= LARGEST && w->shape[2] <= LARGEST && width - 1 < LARGEST && height - 1 < LARGEST,
                  "the weights must fit the channels of input and output");
    const struct smelt_transpose_conv_window found = {x->shape[0],
                                                      x->shape[1],
                                                      x->shape[2],
                                                      x->shape[3],
                                                      y->shape[1],
                                                      y->shape[2],
                                                      y->shape[3],
                                                      w->shape[1],
                                                      w->shape[2],
                                                      (int32_t)height,
                                                      (int32_t)width,
                                                      cut_off(y->shape[1], w->shape[1], (int32_t)height, same),
                                                      cut_off(y->shape[2], w->shape[2], (int32_t)width, same)};
    *window = found;
    t->activation = smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0);
    return SMELT_OK;
}
