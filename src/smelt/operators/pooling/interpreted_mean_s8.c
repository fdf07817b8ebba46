#include "interpreted_reduced.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status rescale(struct smelt_node *node, int averages) {
    struct smelt_mean_s8_parameters p;
    struct smelt_reduced t;
    const enum smelt_status status = smelt_read_rescaled(node, SMELT_S8, averages, &t, &p);
    if (status == SMELT_OK && smelt_ready(node)) {
        smelt_mean_s8(t.y.data, t.x.data, &p);
    }
    return status;
}

static enum smelt_status run_mean(struct smelt_node *node) {
    return rescale(node, 1);
}

const struct smelt_registration smelt_operator_mean_s8 = {SMELT_CODE_MEAN, SMELT_S8, run_mean};

static enum smelt_status run_sum(struct smelt_node *node) {
    return rescale(node, 0);
}

const struct smelt_registration smelt_operator_sum_s8 = {SMELT_CODE_SUM, SMELT_S8, run_sum};
