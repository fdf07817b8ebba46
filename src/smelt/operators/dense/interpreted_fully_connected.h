/* What the interpreted forms of fully_connected share. */
#ifndef SMELT_INTERPRETED_FULLY_CONNECTED_H
#define SMELT_INTERPRETED_FULLY_CONNECTED_H

#include "smelt_node.h"

struct smelt_dense {
    struct smelt_tensor x, w, y;
    int32_t rows, depth, outputs;
    uint32_t activation; /* as the schema numbers them */
};

/* Input and output of type `data`, weights [outputs, depth] of type `weights`: sizes that fit together. */
enum smelt_status smelt_read_dense(struct smelt_node *node, uint32_t data, uint32_t weights,
                                   struct smelt_dense *dense);

/* The whole operator, of real data and int8 weights. */
enum smelt_status smelt_run_dense_dynamic(struct smelt_node *node);

#endif
