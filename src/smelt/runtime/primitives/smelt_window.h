/* Where the receptive fields of a convolution lie in its input (NHWC). */
#ifndef SMELT_WINDOW_H
#define SMELT_WINDOW_H

#include <stdint.h>
#include <string.h>

#include "smelt_placement.h"

struct smelt_window {
    int32_t batches, input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    uint16_t kernel_height, kernel_width, stride_height, stride_width;
    uint16_t dilation_height, dilation_width, pad_top, pad_left;
};

/* The taps start, start + step, ... of which some lie inside 0 .. size - 1: from begin up to end, end excluded. */
struct smelt_taps {
    int32_t begin, end;
};

SMELT_CODE_SECTION
static inline struct smelt_taps smelt_taps_inside(int32_t start, int32_t step, int32_t count, int32_t size) {
    struct smelt_taps taps = {0, count};
    while (taps.begin < count && start + taps.begin * step < 0) {
        taps.begin++;
    }
    while (taps.end > taps.begin && start + (taps.end - 1) * step >= size) {
        taps.end--;
    }
    return taps;
}

/* The rows of a receptive field. Its taps from begin up to end (excluded) lie inside the image, the first of them
 * in row `slot` of a ring that keeps `ring` rows of the image, row r at r modulo ring. */
struct smelt_field_rows {
    int32_t begin, end;
    int32_t slot, ring;
};

/* The rows of the fields whose first tap is in row `row`. */
SMELT_CODE_SECTION
static inline struct smelt_field_rows smelt_field_rows(const struct smelt_window *window, int32_t row, int32_t ring) {
    const struct smelt_taps taps =
        smelt_taps_inside(row, window->dilation_height, window->kernel_height, window->input_height);
    int32_t slot = row + taps.begin * window->dilation_height;
    while (slot >= ring) { /* cheaper than a division on cores that have none */
        slot -= ring;
    }
    const struct smelt_field_rows rows = {taps.begin, taps.end, slot, ring};
    return rows;
}

/* The slot of the row `step` rows further down; step is at most ring. */
SMELT_CODE_SECTION
static inline int32_t smelt_next_slot(int32_t slot, int32_t step, int32_t ring) {
    return slot + step < ring ? slot + step : slot + step - ring;
}

/* Copy the field with these rows whose first tap is in column `column`: kernel_height x kernel_width runs of
 * `channels` bytes from channel `first` of the image; taps outside the image are `pad`. */
SMELT_CODE_SECTION
static inline void smelt_gather_s8(int8_t *field, const int8_t *image, const struct smelt_window *window,
                                   const struct smelt_field_rows *rows, int32_t column, int32_t first,
                                   int32_t channels, int8_t pad) {
    const int32_t width = window->kernel_width, step = window->dilation_width * window->input_channels;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, width, window->input_width);
    int32_t slot = rows->slot;
    for (int32_t y = 0; y < window->kernel_height; y++) {
        if (y < rows->begin || y >= rows->end || columns.begin > 0 || columns.end < width) {
            memset(field, pad, (size_t)(width * channels));
        }
        if (y >= rows->begin && y < rows->end) {
            int8_t *to = field + columns.begin * channels;
            const int32_t from_column = column + columns.begin * window->dilation_width;
            const int8_t *from =
                image + (slot * window->input_width + from_column) * window->input_channels + first;
            int32_t runs = columns.end - columns.begin, run = channels;
            if (step == channels) {
                run *= runs;
                runs = 1;
            }
            for (; runs > 0; runs--) {
                memcpy(to, from, (size_t)run);
                to += run;
                from += step;
            }
            slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
        }
        field += width * channels;
    }
}

#endif
