/* What interpreted int8 arithmetic on two tensors shares. */
#ifndef SMELT_INTERPRETED_BINARY_S8_H
#define SMELT_INTERPRETED_BINARY_S8_H

#include "smelt_node.h"

struct smelt_binary_s8 {
    struct smelt_tensor a, b, y;
    int32_t step_a, step_b; /* 0 for an input of one element */
    struct smelt_bounds bounds;
};

/* The tensors and the bounds of a fused activation, which is the first of the options. */
enum smelt_status smelt_read_binary_s8(struct smelt_node *node, struct smelt_binary_s8 *binary);

/* add for sign 1, sub for -1 */
enum smelt_status smelt_run_sum_s8(struct smelt_node *node, int32_t sign);

#endif
