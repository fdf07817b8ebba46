/* What the interpreter's functions of two tensors share: their shapes. */
#ifndef SMELT_INTERPRETED_WALK_H
#define SMELT_INTERPRETED_WALK_H

#include "smelt_node.h"

/* The inputs are walked in rows of `count` outputs, in which they advance by step_a and step_b (0 or 1) elements, and in
 * three loops around them (smelt_broadcast.h). */
struct smelt_walk {
    int32_t count, step_a, step_b;
    int32_t table[9];
};

struct smelt_operands {
    struct smelt_tensor a, b, y;
    struct smelt_walk walk;
};

/* Inputs 0 and 1 of one type, which broadcast to the output. */
enum smelt_status smelt_read_operands(struct smelt_node *node, enum smelt_type type, enum smelt_type result,
                                      struct smelt_operands *operands);

/* Whether there is one row, in which both inputs advance. */
static inline int smelt_is_one_row(const struct smelt_operands *t) {
    return t->walk.count == t->y.elements && t->walk.step_a && t->walk.step_b;
}

#endif
