#include "interpreted_pool_2d.h"

enum smelt_status smelt_read_pool_s8(struct smelt_node *node, struct smelt_pool *pool,
                                     struct smelt_average_pool_2d_s8_parameters *p) {
    const struct smelt_window *const window = &pool->window;
    struct smelt_bounds bounds;
    enum smelt_status status;
    if ((status = smelt_read_pool(node, SMELT_S8, pool)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, &pool->y, pool->activation, &bounds)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, pool->x.scale_bits == pool->y.scale_bits && pool->x.zero_point == pool->y.zero_point,
                  "input and output must have the same scale");
    const struct smelt_average_pool_2d_s8_parameters found = {
        window->batches,      window->input_height, window->input_width,  window->input_channels, window->output_height,
        window->output_width, window->kernel_height, window->kernel_width, window->stride_height, window->stride_width,
        window->pad_top,      window->pad_left,     bounds.low,           bounds.high,            NULL};
    *p = found;
    return SMELT_OK;
}
