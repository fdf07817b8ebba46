/* Copies of receptive fields with Helium vectors. */
#ifndef SMELT_WINDOW_ARM_MVE_H
#define SMELT_WINDOW_ARM_MVE_H

#include <arm_mve.h>
#include <stdint.h>

#include "smelt_window.h"

/* Copy `count` >= 0 bytes; returns where they end. Nothing is read or written behind them. */
static inline int8_t *smelt_copy_s8__arm_mve(int8_t *to, const int8_t *from, int32_t count) {
    int8_t *const end = to + count;
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vldrb.8 q0, [%[from]], #16\n\t"
                   "vstrb.8 q0, [%[to]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [to] "+r"(to), [from] "+r"(from)
                   : [count] "r"(count)
                   : "lr", "q0", "memory");
    return end;
}

static inline int8_t *smelt_fill_s8__arm_mve(int8_t *to, int8x16_t value, int32_t count) {
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

/* Copy the field whose first tap is at (row, column), all channels; taps outside the image are `pad`. */
static inline void smelt_gather_s8__arm_mve(int8_t *field, const int8_t *image, const struct smelt_window *window,
                                            int32_t row, int32_t column, int8_t pad) {
    const int32_t channels = window->input_channels, step = window->dilation_width * channels;
    const int8x16_t pads = vdupq_n_s8(pad);
    const struct smelt_taps taps =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    const int32_t inside = taps.end - taps.begin, after = window->kernel_width - taps.end;
    const int8_t *from = image + (row * window->input_width + column) * channels + taps.begin * step;
    for (int32_t y = window->kernel_height; y > 0; y--) {
        if (row < 0 || row >= window->input_height) {
            field = smelt_fill_s8__arm_mve(field, pads, window->kernel_width * channels);
        } else {
            field = smelt_fill_s8__arm_mve(field, pads, taps.begin * channels);
            if (step == channels) {
                field = smelt_copy_s8__arm_mve(field, from, inside * channels);
            } else {
                for (int32_t x = 0; x < inside; x++) {
                    field = smelt_copy_s8__arm_mve(field, from + x * step, channels);
                }
            }
            field = smelt_fill_s8__arm_mve(field, pads, after * channels);
        }
        row += window->dilation_height;
        from += window->dilation_height * window->input_width * channels;
    }
}

#endif
