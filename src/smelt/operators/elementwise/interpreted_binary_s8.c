#include "interpreted_binary_s8.h"

#include "elementwise.h"

enum { OPTION_ACTIVATION = 0, EXPONENT = 1 << 23, LEFT_SHIFT = 20, LARGEST_DIVISOR = 30 };

enum smelt_status smelt_read_binary_s8(struct smelt_node *node, struct smelt_binary_s8 *binary) {
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &binary->a, &binary->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S8, &binary->b)) != SMELT_OK) {
        return status;
    }
    binary->step_a = binary->a.elements == binary->y.elements;
    binary->step_b = binary->b.elements == binary->y.elements;
    SMELT_REQUIRE(node, (binary->step_a || binary->a.elements == 1) && (binary->step_b || binary->b.elements == 1),
                  "the shapes must be equal, or an input a single number");
    const uint32_t activation = smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0);
    return smelt_activation_bounds(node, &binary->y, activation, &binary->bounds);
}

enum smelt_status smelt_run_sum_s8(struct smelt_node *node, int32_t sign) {
    struct smelt_binary_s8 t;
    struct smelt_multiplier of_a, of_b, of_sum;
    const enum smelt_status status = smelt_read_binary_s8(node, &t);
    if (status != SMELT_OK) {
        return status;
    }
    /* positive float32 numbers are ordered as their bits */
    const uint32_t twice = (t.a.scale_bits > t.b.scale_bits ? t.a.scale_bits : t.b.scale_bits) + EXPONENT;
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&of_a, t.a.scale_bits, SMELT_ONE, twice, 0) == 0 &&
                      smelt_derive_multiplier(&of_b, t.b.scale_bits, SMELT_ONE, twice, 0) == 0 &&
                      smelt_derive_multiplier(&of_sum, twice, SMELT_ONE - LEFT_SHIFT * EXPONENT, t.y.scale_bits, 0) == 0 &&
                      of_sum.shift <= 0,
                  "a scale is no positive number, or that of the output too small");
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    const struct smelt_add_s8_parameters p = {
        t.y.elements, t.step_a, t.step_b, t.a.zero_point, t.b.zero_point, of_a.mantissa, -of_a.shift,   of_b.mantissa,
        -of_b.shift,     sign, of_sum.mantissa, -of_sum.shift,  t.y.zero_point, t.bounds.low,  t.bounds.high};
    const int fast = sign == 1 && t.step_a && t.step_b && of_a.shift >= -LARGEST_DIVISOR && of_b.shift >= -LARGEST_DIVISOR &&
                     of_sum.shift >= -LARGEST_DIVISOR;
    (fast ? smelt_add_natural_s8 : smelt_add_s8)(t.y.data, t.a.data, t.b.data, &p);
    return SMELT_OK;
}
