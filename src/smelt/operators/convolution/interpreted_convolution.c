#include "interpreted_convolution.h"

enum { OPTION_PADDING = 0, PADDING_SAME = 0, LARGEST = 0x7FFF };

/* The padding in front of one dimension; -1 where the sizes contradict each other. */
static int32_t pad_before(int32_t inputs, int32_t outputs, uint32_t kernel, uint32_t stride, uint32_t dilation,
                          int same) {
    if (kernel - 1 >= LARGEST || stride - 1 >= LARGEST || dilation - 1 >= LARGEST ||
        (kernel - 1) * dilation >= LARGEST || inputs < 1) {
        return -1;
    }
    const int32_t extent = (int32_t)((kernel - 1) * dilation + 1), step = (int32_t)stride;
    const int32_t windows = (same ? inputs + step - 1 : inputs - extent + step) / step;
    if (outputs != windows || windows < 1) {
        return -1;
    }
    const int32_t total = (outputs - 1) * step + extent - inputs;
    return same && total > 0 ? total / 2 : 0;
}

enum smelt_status smelt_read_window(struct smelt_node *node, const struct smelt_window_slots *slots,
                                    const struct smelt_tensor *x, const struct smelt_tensor *y, int32_t kernel_height,
                                    int32_t kernel_width, struct smelt_window *window) {
    struct smelt_file *const file = &node->interpreter->file;
    const uint32_t options = node->options;
    const int same = smelt_file_u8(file, options, OPTION_PADDING, 0) == PADDING_SAME;
    const uint32_t stride_height = smelt_file_u32(file, options, slots->stride_height, 0);
    const uint32_t stride_width = smelt_file_u32(file, options, slots->stride_width, 0);
    const uint32_t dilation_height =
        slots->dilation_height != 0 ? smelt_file_u32(file, options, slots->dilation_height, 1) : 1;
    const uint32_t dilation_width =
        slots->dilation_width != 0 ? smelt_file_u32(file, options, slots->dilation_width, 1) : 1;
    const int32_t top = pad_before(x->shape[1], y->shape[1], (uint32_t)kernel_height, stride_height, dilation_height, same);
    const int32_t left = pad_before(x->shape[2], y->shape[2], (uint32_t)kernel_width, stride_width, dilation_width, same);
    SMELT_REQUIRE(node, x->rank == 4 && y->rank == 4 && x->shape[0] == y->shape[0] && x->bytes != 0 && y->bytes != 0,
                  "input and output must have four dimensions and one number of images");
    SMELT_REQUIRE(node, top >= 0 && left >= 0, "the output has not the size that strides and padding make");
    const struct smelt_window found = {
        x->shape[0],             x->shape[1],            x->shape[2],             x->shape[3],
        y->shape[1],             y->shape[2],            y->shape[3],             (uint16_t)kernel_height,
        (uint16_t)kernel_width,  (uint16_t)stride_height, (uint16_t)stride_width, (uint16_t)dilation_height,
        (uint16_t)dilation_width, (uint16_t)top,          (uint16_t)left};
    *window = found;
    return SMELT_OK;
}

enum smelt_status smelt_read_groups(struct smelt_node *node, const struct smelt_tensor *x, const struct smelt_tensor *w,
                                    const struct smelt_tensor *y, uint16_t *groups) {
    const int32_t found = w->shape[3] > 0 ? x->shape[3] / w->shape[3] : 0;
    SMELT_REQUIRE(node,
                  w->rank == 4 && w->bytes != 0 && found > 0 && found <= UINT16_MAX && x->shape[3] % w->shape[3] == 0 &&
                      y->shape[3] == w->shape[0] && w->shape[0] % found == 0,
                  "the weights must fit the channels of input and output");
    *groups = (uint16_t)found;
    return SMELT_OK;
}

enum smelt_status smelt_read_multiplier(struct smelt_node *node, const struct smelt_tensor *x,
                                        const struct smelt_tensor *w, const struct smelt_tensor *y, uint16_t *multiplier) {
    SMELT_REQUIRE(node,
                  w->rank == 4 && w->shape[0] == 1 && y->shape[3] == w->shape[3] && w->shape[3] % x->shape[3] == 0 &&
                      w->shape[3] / x->shape[3] <= UINT16_MAX,
                  "the weights must fit the channels of input and output");
    *multiplier = (uint16_t)(w->shape[3] / x->shape[3]);
    return SMELT_OK;
}
