#include "interpreted_svdf.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_svdf_s8_parameters p;
    struct smelt_svdf t;
    struct smelt_multiplier of_state, of_output;
    const enum smelt_status status = smelt_read_svdf(node, SMELT_S8, SMELT_ANY, SMELT_S32, &t, &p.walk);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, t.time.type == SMELT_S8 || t.time.type == SMELT_S16, "this type is not supported here");
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&of_state, t.x.scale_bits, t.features.scale_bits, t.state.scale_bits,
                                          SMELT_QUOTIENT_ROUNDED) == 0 &&
                      smelt_derive_multiplier(&of_output, t.state.scale_bits, t.time.scale_bits, t.y.scale_bits,
                                              SMELT_QUOTIENT_ROUNDED) == 0,
                  "a scale is not a positive number, or a multiplier too large");
    p.bias = t.bias.data;
    p.state_mantissa = of_state.mantissa;
    p.state_shift = of_state.shift;
    p.mantissa = of_output.mantissa;
    p.shift = of_output.shift;
    p.input_zero_point = t.x.zero_point;
    p.state_zero_point = t.state.zero_point;
    p.zero_point = t.y.zero_point;
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    if (t.time.type == SMELT_S8) {
        smelt_svdf_s8(t.y.data, t.x.data, t.features.data, t.time.data, &p, t.state.data);
    } else {
        smelt_svdf_s8_s16(t.y.data, t.x.data, t.features.data, t.time.data, &p, t.state.data);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_svdf_s8 = {SMELT_CODE_SVDF, SMELT_S8, run};
