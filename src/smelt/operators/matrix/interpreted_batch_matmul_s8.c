#include "interpreted_batch_matmul.h"
#include "smelt_interpreter_operators.h"

enum { MOST_SUMMED = 32767 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_batch_matmul_s8_parameters p;
    struct smelt_product_tensors t;
    struct smelt_multiplier found;
    const enum smelt_status status = smelt_read_matrices(node, SMELT_S8, &t, &p.walk);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, p.walk.inner <= MOST_SUMMED, "more products than 32 bits hold the sum of");
    SMELT_REQUIRE(node, smelt_derive_multiplier(&found, t.a.scale_bits, t.b.scale_bits, t.y.scale_bits, 1) == 0,
                  "a scale is not a positive number, or a multiplier too large");
    p.mantissa = found.mantissa;
    p.shift = found.shift;
    p.zero_point_a = t.a.zero_point;
    p.zero_point_b = t.b.zero_point;
    p.zero_point = t.y.zero_point;
    if (smelt_ready(node)) {
        smelt_batch_matmul_s8(t.y.data, t.a.data, t.b.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_batch_matmul_s8 = {SMELT_CODE_BATCH_MATMUL, SMELT_S8, run};
