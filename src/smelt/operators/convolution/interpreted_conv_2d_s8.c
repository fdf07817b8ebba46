#include "convolution_natural.h"
#include "interpreted_convolution.h"
#include "smelt_interpreter_operators.h"

enum { OPTION_ACTIVATION = 3, MOST_DEPTH = 16000, LARGEST_PRODUCT = 255 * 128, SUM_LIMIT = 1 << 29 };

static enum smelt_status run(struct smelt_node *node) {
    static const struct smelt_window_slots slots = {1, 2, 4, 5};
    struct smelt_conv_2d_natural_s8_parameters p;
    struct smelt_tensor x, w, y, b;
    struct smelt_scaling scaling = {&x, &w, &y, NULL, 0, 0};
    struct smelt_bounds bounds;
    const int8_t *weights;
    uint16_t groups;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_ANY, &w)) != SMELT_OK ||
        (status = smelt_read_window(node, &slots, &x, &y, w.shape[1], w.shape[2], &p.window)) != SMELT_OK ||
        (status = smelt_read_groups(node, &x, &w, &y, &groups)) != SMELT_OK ||
        (status = smelt_read_bias(node, w.shape[0], &b, &scaling.bias)) != SMELT_OK ||
        (status = smelt_activation_bounds(
             node, &y, smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0), &bounds)) != SMELT_OK ||
        (status = smelt_weights_s8(node, &w, &weights)) != SMELT_OK) {
        return status;
    }
    const int32_t depth = w.elements / w.shape[0];
    p.groups = groups;
    scaling.channels = w.shape[0];
    scaling.largest_bias = depth <= MOST_DEPTH ? SUM_LIMIT - depth * LARGEST_PRODUCT : -1;
    const int32_t *scales;
    if ((status = smelt_channel_scales(node, &scaling, &scales)) != SMELT_OK) {
        return status;
    }
    void *const scratch = smelt_scratch(node, 6 * (uint32_t)depth);
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    const struct smelt_natural_s8 natural = {
        weights, scaling.bias != NULL ? b.data : NULL, scales + 1, 2,          depth,     w.shape[0] / p.groups,
        y.zero_point, bounds.low,                      bounds.high, scales[0]};
    p.natural = natural;
    p.input_zero_point = x.zero_point;
    smelt_conv_2d_natural_s8(y.data, x.data, &p, scratch);
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_conv_2d_s8 = {SMELT_CODE_CONV_2D, SMELT_S8, run};
