#include "interpreted_unary_f32.h"
#include "unary.h"

enum { OPTION_APPROXIMATE = 0 };

static void by_tanh(float *output, const float *input, int32_t count) {
    smelt_gelu_f32(output, input, 1, count);
}

static void by_erf(float *output, const float *input, int32_t count) {
    smelt_gelu_f32(output, input, 0, count);
}

static enum smelt_status run(struct smelt_node *node) {
    const uint32_t approximate = smelt_file_u8(&node->interpreter->file, node->options, OPTION_APPROXIMATE, 0);
    return smelt_run_unary_f32(node, approximate ? by_tanh : by_erf);
}

const struct smelt_registration smelt_operator_gelu_f32 = {SMELT_CODE_GELU, SMELT_F32, run};
