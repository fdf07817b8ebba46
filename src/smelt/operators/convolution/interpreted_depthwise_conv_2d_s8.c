#include "convolution_natural.h"
#include "interpreted_convolution.h"
#include "smelt_interpreter_operators.h"

enum { OPTION_ACTIVATION = 4 };

static enum smelt_status run(struct smelt_node *node) {
    static const struct smelt_window_slots slots = {1, 2, 5, 6};
    struct smelt_depthwise_conv_2d_natural_s8_parameters p;
    struct smelt_tensor x, w, y, b;
    const struct smelt_tensor *bias;
    struct smelt_scaling scaling = {&x, &w, &y, NULL, 0, 0};
    struct smelt_bounds bounds;
    const int8_t *weights;
    uint16_t multiplier;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_ANY, &w)) != SMELT_OK ||
        (status = smelt_read_window(node, &slots, &x, &y, w.shape[1], w.shape[2], &p.window)) != SMELT_OK ||
        (status = smelt_read_multiplier(node, &x, &w, &y, &multiplier)) != SMELT_OK ||
        (status = smelt_read_bias(node, w.shape[3], &b, &bias)) != SMELT_OK ||
        (status = smelt_activation_bounds(
             node, &y, smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0), &bounds)) != SMELT_OK ||
        (status = smelt_weights_s8(node, &w, &weights)) != SMELT_OK) {
        return status;
    }
    scaling.channels = w.shape[3];
    const int32_t *scales;
    if ((status = smelt_channel_scales(node, &scaling, &scales)) != SMELT_OK) {
        return status;
    }
    void *const scratch = smelt_scratch(node, (uint32_t)smelt_depthwise_conv_2d_natural_scratch_s8(&p.window));
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    p.bias = bias != NULL ? b.data : NULL;
    p.scales = scales + 1;
    p.multiplier = multiplier;
    p.input_zero_point = (int8_t)x.zero_point;
    p.zero_point = (int8_t)y.zero_point;
    p.low = (int8_t)bounds.low;
    p.high = (int8_t)bounds.high;
    smelt_depthwise_conv_2d_natural_s8(y.data, x.data, weights, &p, scratch);
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_depthwise_conv_2d_s8 = {SMELT_CODE_DEPTHWISE_CONV_2D, SMELT_S8, run};
