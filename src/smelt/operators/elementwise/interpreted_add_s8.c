#include "interpreted_binary_s8.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    return smelt_run_sum_s8(node, 1);
}

const struct smelt_registration smelt_operator_add_s8 = {SMELT_CODE_ADD, SMELT_S8, run};
