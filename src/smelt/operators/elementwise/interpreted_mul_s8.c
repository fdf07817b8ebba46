#include "elementwise.h"
#include "interpreted_binary_s8.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_binary_s8 t;
    struct smelt_multiplier product;
    const enum smelt_status status = smelt_read_binary_s8(node, &t);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, smelt_derive_multiplier(&product, t.a.scale_bits, t.b.scale_bits, t.y.scale_bits, 0) == 0,
                  "a scale is no positive number, or the multiplier too large");
    const struct smelt_mul_s8_parameters p = {
        t.y.elements,  t.step_a,       t.step_b,     t.a.zero_point, t.b.zero_point, product.mantissa,
        product.shift, t.y.zero_point, t.bounds.low, t.bounds.high};
    if (smelt_ready(node)) {
        smelt_mul_s8(t.y.data, t.a.data, t.b.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_mul_s8 = {SMELT_CODE_MUL, SMELT_S8, run};
