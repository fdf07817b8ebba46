#include "interpreted_binary_f32.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    return smelt_run_sum_f32(node, 1.0f);
}

const struct smelt_registration smelt_operator_add_f32 = {SMELT_CODE_ADD, SMELT_F32, run};
