/* What the interpreted forms of transpose_conv share. */
#ifndef SMELT_INTERPRETED_TRANSPOSE_CONV_H
#define SMELT_INTERPRETED_TRANSPOSE_CONV_H

#include "smelt_node.h"
#include "transposed_convolution.h"

struct smelt_transposed {
    struct smelt_tensor w, x, y;
    uint32_t activation; /* as the schema numbers them */
};

/* Read tensors and window. The node's inputs become weights, data and bias: the shape in front of them, which the output
 * has, is left out. */
enum smelt_status smelt_read_transposed(struct smelt_node *node, uint32_t data, uint32_t weights,
                                        struct smelt_transposed *t, struct smelt_transpose_conv_window *window);

#endif
