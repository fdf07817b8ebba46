/* What the interpreter's reductions share: input 1 has the axes, constant. */
#ifndef SMELT_INTERPRETED_REDUCED_H
#define SMELT_INTERPRETED_REDUCED_H

#include "pooling.h"
#include "reduction.h"
#include "smelt_node.h"

struct smelt_reduced {
    struct smelt_tensor x, y;
    int32_t count; /* elements that become one */
    struct smelt_reduction_parameters loops;
};

enum smelt_status smelt_read_reduced(struct smelt_node *node, enum smelt_type type, struct smelt_reduced *reduced);

/* Parameters of the sum or the average of int8 or int16 values. */
enum smelt_status smelt_read_rescaled(struct smelt_node *node, enum smelt_type type, int averages,
                                      struct smelt_reduced *reduced, struct smelt_mean_s8_parameters *parameters);

#endif
