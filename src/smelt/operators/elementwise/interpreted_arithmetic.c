#include "interpreted_arithmetic.h"

enum { OPTION_ACTIVATION = 0, EXPONENT = 1 << 23 };

static uint32_t activation(struct smelt_node *node) {
    return smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0);
}

static enum smelt_status read(struct smelt_node *node, enum smelt_type type, struct smelt_operands *t,
                              struct smelt_bounds *bounds) {
    const enum smelt_status status = smelt_read_operands(node, type, type, t);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, type == SMELT_S8 || (t->a.zero_point | t->b.zero_point | t->y.zero_point) == 0,
                  "int16 values have no zero point here");
    return smelt_activation_bounds(node, &t->y, activation(node), bounds);
}

enum smelt_status smelt_read_sum(struct smelt_node *node, enum smelt_type type, int32_t sign, struct smelt_operands *t,
                                 struct smelt_add_s8_parameters *parameters) {
    struct smelt_multiplier of_a, of_b, of_sum;
    struct smelt_bounds bounds;
    const enum smelt_status status = read(node, type, t, &bounds);
    if (status != SMELT_OK) {
        return status;
    }
    /* positive float32 numbers are ordered as their bits */
    const uint32_t twice = (t->a.scale_bits > t->b.scale_bits ? t->a.scale_bits : t->b.scale_bits) + EXPONENT;
    const uint32_t raised = SMELT_ONE - (type == SMELT_S8 ? 20u : 15u) * EXPONENT;
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&of_a, t->a.scale_bits, SMELT_ONE, twice, 0) == 0 &&
                      smelt_derive_multiplier(&of_b, t->b.scale_bits, SMELT_ONE, twice, 0) == 0 &&
                      smelt_derive_multiplier(&of_sum, twice, raised, t->y.scale_bits, 0) == 0 && of_sum.shift <= 0,
                  "a scale is no positive number, or that of the output too small");
    const struct smelt_add_s8_parameters p = {
        t->walk.count,   t->walk.step_a, t->walk.step_b, t->a.zero_point, t->b.zero_point, of_a.mantissa, -of_a.shift,
        of_b.mantissa,   -of_b.shift,    sign,           of_sum.mantissa, -of_sum.shift,   t->y.zero_point,
        bounds.low, bounds.high};
    *parameters = p;
    return SMELT_OK;
}

enum smelt_status smelt_read_product(struct smelt_node *node, enum smelt_type type, struct smelt_operands *t,
                                     struct smelt_mul_s8_parameters *parameters) {
    struct smelt_multiplier product;
    struct smelt_bounds bounds;
    const enum smelt_status status = read(node, type, t, &bounds);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, smelt_derive_multiplier(&product, t->a.scale_bits, t->b.scale_bits, t->y.scale_bits, 0) == 0,
                  "a scale is no positive number, or the multiplier too large");
    const struct smelt_mul_s8_parameters p = {
        t->walk.count, t->walk.step_a,  t->walk.step_b, t->a.zero_point, t->b.zero_point, product.mantissa,
        product.shift, t->y.zero_point, bounds.low,     bounds.high};
    *parameters = p;
    return SMELT_OK;
}

enum smelt_status smelt_read_real_operands(struct smelt_node *node, struct smelt_operands *t, float *low, float *high) {
    const enum smelt_status status = smelt_read_operands(node, SMELT_F32, SMELT_F32, t);
    return status != SMELT_OK ? status : smelt_real_bounds(node, activation(node), low, high);
}
