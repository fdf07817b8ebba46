/* What operators of real numbers share. */
#include "smelt_node.h"

#include <float.h>
#include <math.h>

enum smelt_status smelt_real_bounds(struct smelt_node *node, uint32_t activation, float *low, float *high) {
    enum { RELU = 1, RELU_N1_TO_1 = 2, RELU6 = 3 };
    SMELT_REQUIRE(node, activation <= RELU6, "this activation is not supported");
    *low = activation == 0 ? -INFINITY : activation == RELU_N1_TO_1 ? -1.0f : 0.0f;
    *high = activation == RELU6 ? 6.0f : activation == RELU_N1_TO_1 ? 1.0f : activation == RELU ? FLT_MAX : INFINITY;
    return SMELT_OK;
}

enum smelt_status smelt_real_bias(struct smelt_node *node, int32_t channels, const float **bias) {
    struct smelt_tensor tensor;
    if (smelt_node_has(node, 2)) {
        const enum smelt_status status = smelt_node_input(node, 2, SMELT_F32, &tensor);
        if (status != SMELT_OK) {
            return status;
        }
        SMELT_REQUIRE(node, tensor.elements == channels, "the bias must be a number a channel");
        *bias = tensor.data;
        return SMELT_OK;
    }
    float *const zeros = smelt_scratch(node, 4 * (uint32_t)channels);
    if (smelt_ready(node)) {
        memset(zeros, 0, 4 * (size_t)channels);
    }
    *bias = zeros;
    return SMELT_OK;
}
