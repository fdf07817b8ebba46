/* Fields whose rows lie one after the other are copied row by row; of others the taps inside, between pads. */
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

void smelt_gather_s8__arm_mve(int8_t *field, const int8_t *image, const struct smelt_window *window,
                              const struct smelt_field_rows *rows, int32_t column, int8_t pad) {
    const int32_t channels = window->input_channels, step = window->dilation_width * channels;
    const int32_t row_bytes = window->input_width * channels, height = window->kernel_height;
    const int32_t reach = (height - 1) * window->dilation_height;
    const int8x16_t pads = vdupq_n_s8(pad);
    if (step == channels && column >= 0 && column + window->kernel_width <= window->input_width && rows->begin == 0 &&
        rows->end == height && rows->slot + reach < rows->ring) {
        const int8_t *run = image + rows->slot * row_bytes + column * channels;
        for (int32_t y = height; y > 0; y--) {
            field = smelt_copy_s8__arm_mve(field, run, window->kernel_width * channels);
            run += window->dilation_height * row_bytes;
        }
        return;
    }
    const struct smelt_taps taps =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    const int32_t inside = taps.end - taps.begin, after = window->kernel_width - taps.end;
    const int8_t *const first = image + column * channels + taps.begin * step;
    int32_t slot = rows->slot;
    for (int32_t y = 0; y < height; y++) {
        if (y < rows->begin || y >= rows->end) {
            field = fill(field, pads, window->kernel_width * channels);
            continue;
        }
        const int8_t *const from = first + slot * row_bytes;
        slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
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
}
