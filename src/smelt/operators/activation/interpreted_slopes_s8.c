#include "interpreted_lookup.h"

enum { OPTION_ALPHA = 0, RELU = 1, RELU_N1_TO_1 = 2, RELU6 = 3 };

/* A multiplier for each sign, -1 where that for negative numbers is negative, then bounds. */
struct slopes {
    struct smelt_multiplier above, below;
    int32_t sign, low, high;
};

static int32_t respond(const void *parameters, int32_t x) {
    const struct slopes *const p = parameters;
    const int32_t y = x >= 0 ? smelt_requantize(x, p->above.mantissa, p->above.shift)
                             : smelt_requantize(x * p->sign, p->below.mantissa, p->below.shift);
    return smelt_clamp(y, p->low, p->high);
}

static enum smelt_status slope(struct smelt_node *node, uint32_t activation, uint32_t alpha) {
    struct slopes p = {{0, 0}, {0, 0}, alpha >> 31 != 0 ? -1 : 1, 0, 0};
    struct smelt_bounds bounds;
    struct smelt_tensor x, y;
    enum smelt_status status;
    if ((status = smelt_read_s8(node, &x, &y)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, &y, activation, &bounds)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&p.above, x.scale_bits, SMELT_ONE, y.scale_bits, 0) == 0 &&
                      (alpha << 1 == 0 ||
                       smelt_derive_multiplier(&p.below, x.scale_bits, alpha << 1 >> 1, y.scale_bits, 0) == 0),
                  "a scale is no positive number, or a slope too large");
    p.low = bounds.low - y.zero_point;
    p.high = bounds.high - y.zero_point;
    return smelt_run_response_s8(node, &x, &y, respond, &p);
}

static enum smelt_status run_relu(struct smelt_node *node) {
    return slope(node, RELU, SMELT_ONE);
}

const struct smelt_registration smelt_operator_relu_s8 = {SMELT_CODE_RELU, SMELT_S8, run_relu};

static enum smelt_status run_relu6(struct smelt_node *node) {
    return slope(node, RELU6, SMELT_ONE);
}

const struct smelt_registration smelt_operator_relu6_s8 = {SMELT_CODE_RELU6, SMELT_S8, run_relu6};

static enum smelt_status run_relu_n1_to_1(struct smelt_node *node) {
    return slope(node, RELU_N1_TO_1, SMELT_ONE);
}

const struct smelt_registration smelt_operator_relu_n1_to_1_s8 = {SMELT_CODE_RELU_N1_TO_1, SMELT_S8, run_relu_n1_to_1};

static enum smelt_status run_leaky_relu(struct smelt_node *node) {
    return slope(node, 0, smelt_file_u32(&node->interpreter->file, node->options, OPTION_ALPHA, 0));
}

const struct smelt_registration smelt_operator_leaky_relu_s8 = {SMELT_CODE_LEAKY_RELU, SMELT_S8, run_leaky_relu};
