/* What the interpreted forms of batch_matmul share. */
#ifndef SMELT_INTERPRETED_BATCH_MATMUL_H
#define SMELT_INTERPRETED_BATCH_MATMUL_H

#include "matrix.h"
#include "smelt_node.h"

struct smelt_product_tensors {
    struct smelt_tensor a, b, y;
    int32_t batches[9]; /* the walk over matrices, as smelt_broadcast.h has it */
};

/* Tensors of one type, of at most four dimensions, that fit together. */
enum smelt_status smelt_read_matrices(struct smelt_node *node, uint32_t type, struct smelt_product_tensors *t,
                                      struct smelt_matrices *walk);

#endif
