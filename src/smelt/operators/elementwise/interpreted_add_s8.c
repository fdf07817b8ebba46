#include "elementwise.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { OPTION_ACTIVATION = 0, EXPONENT = 1 << 23, LEFT_SHIFT = 20, LARGEST_DIVISOR = 30 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor a, b, y;
    struct smelt_bounds bounds;
    struct smelt_multiplier of_a, of_b, of_sum;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &a, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S8, &b)) != SMELT_OK ||
        (status = smelt_activation_bounds(
             node, &y, smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0), &bounds)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, a.elements == y.elements && b.elements == y.elements, "the shapes must be equal");
    /* positive float32 numbers are ordered as their bits */
    const uint32_t twice = (a.scale_bits > b.scale_bits ? a.scale_bits : b.scale_bits) + EXPONENT;
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&of_a, a.scale_bits, SMELT_ONE, twice, 0) == 0 &&
                      smelt_derive_multiplier(&of_b, b.scale_bits, SMELT_ONE, twice, 0) == 0 &&
                      smelt_derive_multiplier(&of_sum, twice, SMELT_ONE - LEFT_SHIFT * EXPONENT, y.scale_bits, 0) == 0 &&
                      of_sum.shift <= 0,
                  "a scale is no positive number, or that of the output too small");
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    const struct smelt_add_s8_parameters p = {
        y.elements,    1,           1,           a.zero_point,    b.zero_point,  of_a.mantissa, -of_a.shift, of_b.mantissa,
        -of_b.shift,   1,           of_sum.mantissa, -of_sum.shift, y.zero_point, bounds.low,    bounds.high};
    const int fast = of_a.shift >= -LARGEST_DIVISOR && of_b.shift >= -LARGEST_DIVISOR && of_sum.shift >= -LARGEST_DIVISOR;
    (fast ? smelt_add_natural_s8 : smelt_add_s8)(y.data, a.data, b.data, &p);
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_add_s8 = {SMELT_CODE_ADD, SMELT_S8, run};
