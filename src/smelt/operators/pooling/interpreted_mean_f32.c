#include "interpreted_reduced.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_reduced t;
    const enum smelt_status status = smelt_read_reduced(node, SMELT_F32, &t);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_mean_f32_parameters p = {t.loops.outer, t.loops.rows, t.loops.middle, t.loops.columns,
                                                    t.loops.inner};
        smelt_mean_f32(t.y.data, t.x.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_mean_f32 = {SMELT_CODE_MEAN, SMELT_F32, run};
