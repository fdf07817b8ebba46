/* What the interpreted sums and products of real numbers share. */
#ifndef SMELT_INTERPRETED_BINARY_F32_H
#define SMELT_INTERPRETED_BINARY_F32_H

#include "elementwise.h"
#include "smelt_node.h"

struct smelt_binary_f32 {
    struct smelt_tensor a, b, y;
    int32_t step_a, step_b; /* 0 for an input of one element */
    float low, high;
};

enum smelt_status smelt_read_binary_f32(struct smelt_node *node, struct smelt_binary_f32 *binary);

/* a + sign * b */
enum smelt_status smelt_run_sum_f32(struct smelt_node *node, float sign);

#endif
