/* What the interpreter's operators that move elements share: layouts, parameters that are tensors, nested loops of copies.
 * Elements may be of any type of whole bytes. */
#ifndef SMELT_INTERPRETED_MOVES_H
#define SMELT_INTERPRETED_MOVES_H

#include "shape.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { SMELT_MOST_AXES = SMELT_STRIDED_COPY_LOOPS };

/* A tensor of at most SMELT_MOST_AXES dimensions. */
struct smelt_layout {
    struct smelt_tensor tensor;
    int32_t rank;
    int32_t element;                                   /* bytes */
    /* step: bytes from one index to the next, 0 in an empty tensor; behind the last dimension sizes are 1 */
    int32_t size[SMELT_MOST_AXES], step[SMELT_MOST_AXES];
};

/* Describe an input, or an output of the type of `like`. */
enum smelt_status smelt_input_layout(struct smelt_node *node, uint32_t index, struct smelt_layout *layout);
enum smelt_status smelt_output_layout(struct smelt_node *node, uint32_t index, const struct smelt_layout *like,
                                      struct smelt_layout *layout);

/* Input 0 and output 0. */
enum smelt_status smelt_layouts(struct smelt_node *node, struct smelt_layout *x, struct smelt_layout *y);

/* Whether all dimensions but `axis` are the same. */
int smelt_same_but(const struct smelt_layout *a, const struct smelt_layout *b, int32_t axis);

/* Whether integers mean the same in both: equal zero points, scales that are equal but for rounding. */
int smelt_alike(const struct smelt_tensor *a, const struct smelt_tensor *b);

/* Give it one more dimension, of size 1. */
void smelt_insert_axis(struct smelt_layout *layout, int32_t axis);

/* Whether `count` dimensions of y, from `at` on, are those of x from `from` on. */
int smelt_same_sizes(const struct smelt_layout *y, int32_t at, const struct smelt_layout *x, int32_t from, int32_t count);

/* Elements of dimensions `from` to before `to`, of a tensor that is not empty. */
int32_t smelt_product(const struct smelt_layout *layout, int32_t from, int32_t to);

/* The step of x, 0 where it is repeated, for one along `axis` of y, to which it broadcasts; -1 where it does not. */
int32_t smelt_broadcast_step(const struct smelt_layout *x, const struct smelt_layout *y, int32_t axis);

/* Count the axis from 0, which may be counted from the end of `rank`; -1 where there is no such one. */
int32_t smelt_axis_from(int32_t axis, int32_t rank);

/* The 32 or 64-bit integers of an input, at most SMELT_MOST_AXES * 2, as 32-bit ones that saturate. Gives their number;
 * or -1, where *status is what the operator has to return: an error, or success where they are not computed yet. */
enum { SMELT_MOST_NUMBERS = 2 * SMELT_MOST_AXES };
int32_t smelt_numbers(struct smelt_node *node, uint32_t index, int32_t *numbers, enum smelt_status *status);

/* Both: input 0, output 0, and the numbers of input `index`. */
int32_t smelt_parameters(struct smelt_node *node, struct smelt_layout *x, struct smelt_layout *y, uint32_t index,
                         int32_t *numbers, enum smelt_status *status);

/* A loop of copies, with the bytes from one to the next on both sides. */
struct smelt_loop {
    int32_t count, from, to;
};

/* Copy elements of `element` bytes in `loops` nested loops, the outermost first, at most SMELT_MOST_AXES. */
void smelt_move(uint8_t *to, const uint8_t *from, int32_t element, const struct smelt_loop *loops, int32_t count);

/* The same from input 0 on to output 0, from byte `offset` of the former, where it is time and the output
 * not empty. SMELT_OK. */
enum smelt_status smelt_move_part(struct smelt_node *node, const struct smelt_layout *x, uint32_t offset,
                                  const struct smelt_layout *y, const struct smelt_loop *loops, int32_t count);

/* Make each element of an output that is not empty what is at `value`. */
void smelt_fill(const struct smelt_layout *y, const void *value);

#endif
