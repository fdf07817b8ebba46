#include "interpreted_svdf.h"
#include "smelt_interpreter_operators.h"

enum { OPTION_ACTIVATION = 1 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_svdf_f32_parameters p;
    struct smelt_svdf t;
    const uint32_t activation = smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0);
    enum smelt_status status;
    if ((status = smelt_read_svdf(node, SMELT_F32, SMELT_F32, SMELT_F32, &t, &p.walk)) != SMELT_OK ||
        (status = smelt_real_bounds(node, activation, &p.low, &p.high)) != SMELT_OK) {
        return status;
    }
    p.bias = t.bias.data;
    if (smelt_ready(node)) {
        smelt_svdf_f32(t.y.data, t.x.data, t.features.data, t.time.data, &p, t.state.data);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_svdf_f32 = {SMELT_CODE_SVDF, SMELT_F32, run};
