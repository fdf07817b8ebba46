#include "interpreted_batch_matmul.h"

enum { OPTION_TRANSPOSE_A = 0, OPTION_TRANSPOSE_B = 1 };

/* Extents and jumps of two loops over matrices; whether the sizes broadcast. */
static int walk_batches(int32_t *batches, const int32_t *a, const int32_t *b, const int32_t *y) {
    batches[0] = 1;
    batches[3] = batches[6] = 0;
    for (int32_t axis = 0; axis < 2; axis++) {
        if ((a[axis] != y[axis] && a[axis] != 1) || (b[axis] != y[axis] && b[axis] != 1)) {
            return 0;
        }
        batches[1 + axis] = y[axis];
    }
    batches[5] = a[1] != 1;
    batches[8] = b[1] != 1;
    batches[4] = (a[0] != 1 ? a[1] : 0) - batches[5] * y[1];
    batches[7] = (b[0] != 1 ? b[1] : 0) - batches[8] * y[1];
    return 1;
}

enum smelt_status smelt_read_matrices(struct smelt_node *node, uint32_t type, struct smelt_product_tensors *t,
                                      struct smelt_matrices *walk) {
    struct smelt_file *const file = &node->interpreter->file;
    const int32_t *const a = t->a.shape, *const b = t->b.shape, *const y = t->y.shape;
    const int turn_a = smelt_file_u8(file, node->options, OPTION_TRANSPOSE_A, 0) != 0;
    const int turn_b = smelt_file_u8(file, node->options, OPTION_TRANSPOSE_B, 0) != 0;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, type, type, &t->a, &t->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, type, &t->b)) != SMELT_OK) {
        return status;
    }
    const int32_t rows = a[turn_a ? 3 : 2], inner = a[turn_a ? 2 : 3], columns = b[turn_b ? 2 : 3];
    SMELT_REQUIRE(node,
                  t->a.rank >= 2 && t->b.rank >= 2 && t->a.rank <= 4 && t->b.rank <= 4 && t->y.rank <= 4 &&
                      b[turn_b ? 3 : 2] == inner && y[2] == rows && y[3] == columns && t->y.bytes != 0 &&
                      walk_batches(t->batches, a, b, y),
                  "the matrices must fit together, in at most four dimensions");
    const struct smelt_matrices found = {rows,
                                         inner,
                                         columns,
                                         turn_a ? 1 : inner,
                                         turn_a ? rows : 1,
                                         turn_b ? 1 : columns,
                                         turn_b ? inner : 1,
                                         1,
                                         0,
                                         0,
                                         t->batches};
    *walk = found;
    return SMELT_OK;
}
