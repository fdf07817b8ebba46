#include "activation_s16.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { OPTION_ALPHA = 0, RELU = 1, RELU_N1_TO_1 = 2, RELU6 = 3 };

static enum smelt_status slope(struct smelt_node *node, uint32_t activation, uint32_t alpha) {
    struct smelt_multiplier above, below = {0, 0};
    struct smelt_bounds bounds;
    struct smelt_tensor x, y;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, &y, activation, &bounds)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  x.elements == y.elements && smelt_derive_multiplier(&above, x.scale_bits, SMELT_ONE, y.scale_bits, 0) == 0 &&
                      (alpha << 1 == 0 || smelt_derive_multiplier(&below, x.scale_bits, alpha, y.scale_bits, 0) == 0),
                  "the shape must stay, scales be positive numbers, and the slope not negative");
    const struct smelt_slopes_s16_parameters p = {y.elements,  x.zero_point, above.mantissa, above.shift, below.mantissa,
                                                  below.shift, y.zero_point, bounds.low,     bounds.high};
    if (smelt_ready(node)) {
        smelt_slopes_s16(y.data, x.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run_relu(struct smelt_node *node) {
    return slope(node, RELU, SMELT_ONE);
}

const struct smelt_registration smelt_operator_relu_s16 = {SMELT_CODE_RELU, SMELT_S16, run_relu};

static enum smelt_status run_relu6(struct smelt_node *node) {
    return slope(node, RELU6, SMELT_ONE);
}

const struct smelt_registration smelt_operator_relu6_s16 = {SMELT_CODE_RELU6, SMELT_S16, run_relu6};

static enum smelt_status run_relu_n1_to_1(struct smelt_node *node) {
    return slope(node, RELU_N1_TO_1, SMELT_ONE);
}

const struct smelt_registration smelt_operator_relu_n1_to_1_s16 = {SMELT_CODE_RELU_N1_TO_1, SMELT_S16, run_relu_n1_to_1};

static enum smelt_status run_leaky_relu(struct smelt_node *node) {
    return slope(node, 0, smelt_file_u32(&node->interpreter->file, node->options, OPTION_ALPHA, 0));
}

const struct smelt_registration smelt_operator_leaky_relu_s16 = {SMELT_CODE_LEAKY_RELU, SMELT_S16, run_leaky_relu};
