#include "interpreted_pool_2d.h"

#include "interpreted_convolution.h"

enum { OPTION_FILTER_WIDTH = 3, OPTION_FILTER_HEIGHT = 4, OPTION_ACTIVATION = 5 };

enum smelt_status smelt_read_pool_s8(struct smelt_node *node, struct smelt_tensor *x, struct smelt_tensor *y,
                                     struct smelt_average_pool_2d_s8_parameters *p) {
    static const struct smelt_window_slots slots = {1, 2, 0, 0};
    struct smelt_file *const file = &node->interpreter->file;
    struct smelt_window window;
    struct smelt_bounds bounds;
    const int32_t height = (int32_t)smelt_file_u32(file, node->options, OPTION_FILTER_HEIGHT, 0);
    const int32_t width = (int32_t)smelt_file_u32(file, node->options, OPTION_FILTER_WIDTH, 0);
    enum smelt_status status;
    if ((status = smelt_node_unary(node, SMELT_S8, SMELT_S8, x, y)) != SMELT_OK ||
        (status = smelt_read_window(node, &slots, x, y, height, width, &window)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, y, smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0), &bounds)) !=
            SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x->scale_bits == y->scale_bits && x->zero_point == y->zero_point,
                  "input and output must have the same scale");
    SMELT_REQUIRE(node, x->shape[3] == y->shape[3] && height * width <= UINT16_MAX,
                  "channels must stay, and a window has less than 65536 elements");
    const struct smelt_average_pool_2d_s8_parameters found = {
        window.batches, window.input_height,  window.input_width,  window.input_channels, window.output_height,
        window.output_width, window.kernel_height, window.kernel_width, window.stride_height, window.stride_width,
        window.pad_top, window.pad_left, bounds.low, bounds.high, NULL};
    *p = found;
    return SMELT_OK;
}
