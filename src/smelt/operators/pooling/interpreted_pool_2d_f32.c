#include "interpreted_pool_2d.h"

enum smelt_status smelt_read_pool_f32(struct smelt_node *node, struct smelt_pool *pool,
                                      struct smelt_pool_2d_f32_parameters *p) {
    const struct smelt_window *const window = &pool->window;
    float low, high;
    enum smelt_status status;
    if ((status = smelt_read_pool(node, SMELT_F32, pool)) != SMELT_OK ||
        (status = smelt_real_bounds(node, pool->activation, &low, &high)) != SMELT_OK) {
        return status;
    }
    const struct smelt_pool_2d_f32_parameters found = {
        window->batches,      window->input_height, window->input_width,  window->input_channels, window->output_height,
        window->output_width, window->kernel_height, window->kernel_width, window->stride_height, window->stride_width,
        window->pad_top,      window->pad_left,     low,                  high};
    *p = found;
    return SMELT_OK;
}
