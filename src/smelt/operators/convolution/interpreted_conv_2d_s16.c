#include "convolution_s16.h"
#include "interpreted_convolution.h"
#include "smelt_interpreter_operators.h"

enum { OPTION_ACTIVATION = 3 };

static enum smelt_status run(struct smelt_node *node) {
    static const struct smelt_window_slots slots = {1, 2, 4, 5};
    struct smelt_conv_2d_s16_parameters p;
    struct smelt_tensor x, w, y;
    struct smelt_scaling scaling = {&x, &w, &y, NULL, 0, 0};
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S8, &w)) != SMELT_OK ||
        (status = smelt_read_window(node, &slots, &x, &y, w.shape[1], w.shape[2], &p.window)) != SMELT_OK ||
        (status = smelt_read_groups(node, &x, &w, &y, &p.groups)) != SMELT_OK ||
        (status = smelt_read_rows_s16(node, &scaling, w.shape[0],
                                      smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0),
                                      &p.rows)) != SMELT_OK) {
        return status;
    }
    if (smelt_ready(node)) {
        smelt_conv_2d_s16(y.data, x.data, w.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_conv_2d_s16 = {SMELT_CODE_CONV_2D, SMELT_S16, run};
