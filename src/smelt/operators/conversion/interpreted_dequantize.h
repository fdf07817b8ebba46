/* dequantize of integers, which may have a scale a channel. The file that includes this before defines SMELT_TYPE, a type of
 * files, SMELT_ELEMENT, its type in C, and SMELT_KERNEL, the function that converts what has one scale. */
#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

#ifndef SMELT_INTERPRETED_DEQUANTIZE_H
#define SMELT_INTERPRETED_DEQUANTIZE_H

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

#ifdef SMELT_KERNEL
static enum smelt_status run(struct smelt_node *node) {
    struct smelt_scaled t;
    const enum smelt_status status = smelt_read_scaled(node, SMELT_TYPE, &t);
    const SMELT_ELEMENT *input = t.x.data;
    float *output = t.y.data;
    for (int32_t k = 0; status == SMELT_OK && smelt_ready(node) && k < t.runs; k++) {
        const struct smelt_quantize_parameters p = smelt_scale_of_run(node, &t, k);
        SMELT_KERNEL(output, input, &p);
        input += t.length;
        output += t.length;
    }
    return status;
}
#endif
