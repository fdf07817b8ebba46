/* Fields inside the image are copied row by row; of others the taps inside, between pads. */
#include "smelt_window__arm_mve.h"

static inline int8_t *fill(int8_t *to, int8x16_t value, int32_t count) {
    int8_t *const end = to + count;
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vstrb.8 %q[value], [%[to]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [to] "+r"(to)
                   : [count] "r"(count), [value] "w"(value)
                   : "lr", "memory");
    return end;
}

void smelt_gather_s8__arm_mve(int8_t *field, const int8_t *image, const struct smelt_window *window, int32_t row,
                              int32_t column, int8_t pad) {
    const int32_t channels = window->input_channels, step = window->dilation_width * channels;
    const int32_t next = window->dilation_height * window->input_width * channels;
    const int8x16_t pads = vdupq_n_s8(pad);
    if (step == channels && row >= 0 && column >= 0 && column + window->kernel_width <= window->input_width &&
        row + (window->kernel_height - 1) * window->dilation_height < window->input_height) {
        const int8_t *run = image + (row * window->input_width + column) * channels;
        for (int32_t y = window->kernel_height; y > 0; y--) {
            field = smelt_copy_s8__arm_mve(field, run, window->kernel_width * channels);
            run += next;
        }
        return;
    }
    const struct smelt_taps taps =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    const int32_t inside = taps.end - taps.begin, after = window->kernel_width - taps.end;
    const int8_t *from = image + (row * window->input_width + column) * channels + taps.begin * step;
    for (int32_t y = window->kernel_height; y > 0; y--) {
        if (row < 0 || row >= window->input_height) {
            field = fill(field, pads, window->kernel_width * channels);
        } else {
            field = fill(field, pads, taps.begin * channels);
            if (step == channels) {
                field = smelt_copy_s8__arm_mve(field, from, inside * channels);
            } else {
                for (int32_t x = 0; x < inside; x++) {
                    field = smelt_copy_s8__arm_mve(field, from + x * step, channels);
                }
            }
            field = fill(field, pads, after * channels);
        }
        row += window->dilation_height;
        from += next;
    }
}
