#include "binary.h"
#include "interpreted_walk.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_multiplier identity, sloped;
    struct smelt_operands t;
    const enum smelt_status status = smelt_read_operands(node, SMELT_S8, SMELT_S8, &t);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&identity, t.a.scale_bits, SMELT_ONE, t.y.scale_bits, 0) == 0 &&
                      smelt_derive_multiplier(&sloped, t.a.scale_bits, t.b.scale_bits, t.y.scale_bits, 0) == 0,
                  "a scale is no positive number, or a multiplier too large");
    const struct smelt_prelu_s8_parameters p = {
        t.a.zero_point,  t.b.zero_point, t.y.zero_point, identity.mantissa, identity.shift,
        sloped.mantissa, sloped.shift,   t.walk.count,   t.walk.step_a,     t.walk.step_b};
    if (smelt_ready(node)) {
        smelt_prelu_s8(t.y.data, t.a.data, t.b.data, &p, t.walk.table);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_prelu_s8 = {SMELT_CODE_PRELU, SMELT_S8, run};
