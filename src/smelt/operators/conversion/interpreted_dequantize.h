/* dequantize of integers, which may have a scale a channel. */
#ifndef SMELT_INTERPRETED_DEQUANTIZE_H
#define SMELT_INTERPRETED_DEQUANTIZE_H

#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

struct smelt_scaled {
    struct smelt_tensor x, y;
    struct smelt_vector zero_points;
    int32_t runs, length; /* runs of elements of one scale, the channels one after the other */
};

/* Input 0 and output 0, of which all zero points are in the input's type. */
enum smelt_status smelt_read_scaled(struct smelt_node *node, enum smelt_type type, struct smelt_scaled *t);

struct smelt_quantize_parameters smelt_scale_of_run(const struct smelt_node *node, const struct smelt_scaled *t,
                                                    int32_t run);

#endif
