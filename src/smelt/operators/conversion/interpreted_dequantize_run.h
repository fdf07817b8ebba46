/* The file that includes this defines SMELT_TYPE, a type of files, SMELT_ELEMENT, its type in C, and SMELT_KERNEL, the function
 * that converts what has one scale. */
#include "interpreted_dequantize.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_scaled t;
    const enum smelt_status status = smelt_read_scaled(node, SMELT_TYPE, &t);
    if (status != SMELT_OK) {
        return status;
    }
    const SMELT_ELEMENT *input = t.x.data;
    float *output = t.y.data;
    for (int32_t k = 0; smelt_ready(node) && k < t.runs; k++) {
        const struct smelt_quantize_parameters p = smelt_scale_of_run(node, &t, k);
        SMELT_KERNEL(output, input, &p);
        input += t.length;
        output += t.length;
    }
    return SMELT_OK;
}
