#include "convolution.h"
#include "interpreted_convolution.h"
#include "smelt_interpreter_operators.h"

enum { OPTION_ACTIVATION = 3 };

static enum smelt_status run(struct smelt_node *node) {
    static const struct smelt_window_slots slots = {1, 2, 4, 5};
    struct smelt_conv_2d_f32_parameters p;
    struct smelt_tensor x, w, y;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_ANY, &w)) != SMELT_OK) {
        return status;
    }
    if (w.type == SMELT_S8) {
        return smelt_run_conv_2d_dynamic(node, &slots, &x, &w, &y);
    }
    if ((status = smelt_node_input(node, 1, SMELT_F32, &w)) != SMELT_OK ||
        (status = smelt_read_window(node, &slots, &x, &y, w.shape[1], w.shape[2], &p.window)) != SMELT_OK ||
        (status = smelt_read_groups(node, &x, &w, &y, &p.groups)) != SMELT_OK ||
        (status = smelt_real_bias(node, w.shape[0], &p.bias)) != SMELT_OK ||
        (status = smelt_real_bounds(node, smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0),
                                    &p.low, &p.high)) != SMELT_OK) {
        return status;
    }
    if (smelt_ready(node)) {
        smelt_conv_2d_f32(y.data, x.data, w.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_conv_2d_f32 = {SMELT_CODE_CONV_2D, SMELT_F32, run};
