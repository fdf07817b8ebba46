/* Real data, each image quantized to int8, and int8 weights: symmetrically where these have one scale, as LiteRT does it. */
#include "convolution_narrow.h"
#include "interpreted_convolution.h"

enum { OPTION_ACTIVATION = 3 };

enum smelt_status smelt_run_conv_2d_dynamic(struct smelt_node *node, const struct smelt_window_slots *slots,
                                            const struct smelt_tensor *x, const struct smelt_tensor *w,
                                            const struct smelt_tensor *y) {
    struct smelt_conv_2d_narrow_f32_parameters p;
    const uint32_t activation = smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0);
    const int32_t channels = w->shape[0], products = channels > 0 ? w->elements / channels : 0;
    enum smelt_status status;
    if ((status = smelt_read_window(node, slots, x, y, w->shape[1], w->shape[2], &p.window)) != SMELT_OK ||
        (status = smelt_read_groups(node, x, w, y, &p.groups)) != SMELT_OK ||
        (status = smelt_read_narrow(node, w, channels, products, activation, &p.narrow)) != SMELT_OK) {
        return status;
    }
    p.symmetric = w->scales.count == 1;
    const uint32_t image = (uint32_t)(x->shape[1] * x->shape[2] * x->shape[3]);
    void *const room = smelt_scratch(node, 4 * (uint32_t)channels + image + (uint32_t)products);
    if (smelt_ready(node)) {
        smelt_conv_2d_dynamic_s8(y->data, x->data, w->data, &p, room);
    }
    return SMELT_OK;
}
