#include "interpreted_unary_f32.h"
#include "unary.h"

static void elu(float *output, const float *input, int32_t count) {
    static const struct smelt_elu_f32_parameters one = {1.0f};
    smelt_elu_f32(output, input, &one, count);
}

static enum smelt_status run(struct smelt_node *node) {
    return smelt_run_unary_f32(node, elu);
}

const struct smelt_registration smelt_operator_elu_f32 = {SMELT_CODE_ELU, SMELT_F32, run};
