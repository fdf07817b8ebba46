#include "smelt_interpreter_operators.h"
#include "smelt_limit_s8__arm_dsp.h"
#include "smelt_natural_s8.h"
#include "smelt_node.h"

enum { OPTION_ACTIVATION = 0, OPTION_FORMAT = 1, MOST_DEPTH = 16000, LARGEST_PRODUCT = 255 * 128, SUM_LIMIT = 1 << 29 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_file *const file = &node->interpreter->file;
    struct smelt_tensor x, w, y, b;
    struct smelt_scaling scaling = {&x, &w, &y, NULL, SMELT_ONE_SCALE, 0};
    struct smelt_bounds bounds;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &x, &y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S8, &w)) != SMELT_OK ||
        (status = smelt_read_bias(node, w.shape[2], &b, &scaling.bias)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, &y, smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0), &bounds)) !=
            SMELT_OK) {
        return status;
    }
    const int32_t outputs = w.shape[2], depth = w.shape[3];
    const int32_t rows = depth > 0 ? x.elements / depth : 0;
    SMELT_REQUIRE(node,
                  w.data != NULL && w.rank == 2 && w.zero_point == 0 && depth > 0 && outputs > 0 &&
                      x.elements % depth == 0 && y.elements / outputs == rows && y.elements % outputs == 0 &&
                      smelt_file_u8(file, node->options, OPTION_FORMAT, 0) == 0,
                  "the weights must be constant and symmetric, and fit input and output");
    scaling.channels = w.scales.count > 1 ? outputs : SMELT_ONE_SCALE;
    scaling.largest_bias = depth <= MOST_DEPTH ? SUM_LIMIT - depth * LARGEST_PRODUCT : -1;
    const int32_t *scales;
    if ((status = smelt_channel_scales(node, &scaling, &scales)) != SMELT_OK) {
        return status;
    }
    uint32_t *const wide = smelt_scratch(node, 4 * (uint32_t)SMELT_WIDE_WORDS(depth));
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    const struct smelt_natural_s8 natural = {
        w.data, scaling.bias != NULL ? b.data : NULL, scales + 1, scaling.channels == outputs ? 2 : 0, depth, outputs,
        y.zero_point, bounds.low, bounds.high, scales[0]};
    const int8_t *input = x.data;
    int8_t *output = y.data;
    for (int32_t row = 0; row < rows; row++) {
        smelt_widen_s8(wide, input, depth, x.zero_point);
        smelt_natural_one_s8(output, wide, &natural);
        input += depth;
        output += outputs;
    }
    if (bounds.low > -128 || bounds.high < 127) {
        smelt_limit_s8__arm_dsp(y.data, y.data, y.elements, bounds.low, bounds.high);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_fully_connected_s8 = {SMELT_CODE_FULLY_CONNECTED, SMELT_S8, run};
