/* Real data, each image quantized to int8, and int8 weights. */
#include "convolution_narrow.h"
#include "interpreted_convolution.h"

enum { OPTION_ACTIVATION = 4 };

enum smelt_status smelt_run_depthwise_conv_2d_dynamic(struct smelt_node *node, const struct smelt_window_slots *slots,
                                                      const struct smelt_tensor *x, const struct smelt_tensor *w,
                                                      const struct smelt_tensor *y) {
    struct smelt_depthwise_conv_2d_narrow_f32_parameters p;
    const uint32_t activation = smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0);
    const int32_t channels = w->shape[3], products = channels > 0 ? w->elements / channels : 0;
    enum smelt_status status;
    if ((status = smelt_read_window(node, slots, x, y, w->shape[1], w->shape[2], &p.window)) != SMELT_OK ||
        (status = smelt_read_multiplier(node, x, w, y, &p.multiplier)) != SMELT_OK ||
        (status = smelt_read_narrow(node, w, channels, products, activation, &p.narrow)) != SMELT_OK) {
        return status;
    }
    p.symmetric = 0;
    void *const image = smelt_scratch(node, (uint32_t)(x->shape[1] * x->shape[2] * x->shape[3]));
    if (smelt_ready(node)) {
        smelt_depthwise_conv_2d_dynamic_s8(y->data, x->data, w->data, &p, image);
    }
    return SMELT_OK;
}
