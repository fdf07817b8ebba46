#include "interpreted_requantize.h"

enum smelt_status smelt_read_requantize(struct smelt_node *node, enum smelt_type source, struct smelt_tensor *x,
                                        struct smelt_tensor *y, struct smelt_requantize_s8_parameters *parameters) {
    struct smelt_multiplier ratio;
    enum smelt_status status;
    if ((status = smelt_node_input(node, 0, source, x)) != SMELT_OK ||
        (status = smelt_node_output(node, 0, SMELT_ANY, y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  x->elements == y->elements && x->scales.count == 1 && y->scales.count == 1 &&
                      smelt_derive_multiplier(&ratio, x->scale_bits, SMELT_ONE, y->scale_bits, 0) == 0,
                  "input and output must have the same shape, and one scale that is a positive number");
    parameters->count = y->elements;
    parameters->input_zero_point = x->zero_point;
    parameters->mantissa = ratio.mantissa;
    parameters->shift = ratio.shift;
    parameters->zero_point = y->zero_point;
    return SMELT_OK;
}
