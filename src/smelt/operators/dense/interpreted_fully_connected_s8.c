#include "interpreted_fully_connected.h"
#include "smelt_interpreter_operators.h"
#include "smelt_limit_s8__arm_dsp.h"
#include "smelt_natural_s8.h"

enum { MOST_DEPTH = 16000, LARGEST_PRODUCT = 255 * 128, SUM_LIMIT = 1 << 29 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_dense t;
    struct smelt_tensor b;
    struct smelt_scaling scaling = {&t.x, &t.w, &t.y, NULL, SMELT_ONE_SCALE, 0};
    struct smelt_bounds bounds;
    const int8_t *weights;
    enum smelt_status status;
    if ((status = smelt_read_dense(node, SMELT_S8, SMELT_ANY, &t)) != SMELT_OK ||
        (status = smelt_read_bias(node, t.outputs, &b, &scaling.bias)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, &t.y, t.activation, &bounds)) != SMELT_OK ||
        (status = smelt_weights_s8(node, &t.w, &weights)) != SMELT_OK) {
        return status;
    }
    const int32_t outputs = t.outputs, depth = t.depth;
    SMELT_REQUIRE(node, t.w.zero_point == 0, "the weights must be symmetric");
    scaling.channels = t.w.scales.count > 1 ? outputs : SMELT_ONE_SCALE;
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
        weights, scaling.bias != NULL ? b.data : NULL, scales + 1, scaling.channels == outputs ? 2 : 0, depth, outputs,
        t.y.zero_point, bounds.low, bounds.high, scales[0]};
    const int8_t *input = t.x.data;
    int8_t *output = t.y.data;
    for (int32_t row = 0; row < t.rows; row++) {
        smelt_widen_s8(wide, input, depth, t.x.zero_point);
        smelt_natural_one_s8(output, wide, &natural);
        input += depth;
        output += outputs;
    }
    if (bounds.low > -128 || bounds.high < 127) {
        smelt_limit_s8__arm_dsp(t.y.data, t.y.data, t.y.elements, bounds.low, bounds.high);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_fully_connected_s8 = {SMELT_CODE_FULLY_CONNECTED, SMELT_S8, run};
