/* depthwise_conv_2d for any types of data and weights; taps outside the input count as zero: they are left out.
 *
 * The file that includes this defines what conv_2d_walk.h wants. */
#include "smelt_dynamic.h"
#include "smelt_window.h"

/* The sums of `lanes` output values from `channel` on, 4 (which read neighbours) or 1, a constant where this is inlined. */
SMELT_CODE_SECTION
static inline void smelt_sums_at(const SMELT_PARAMETERS *p, const struct smelt_dynamic *found, SMELT_SUM *sums,
                                 const SMELT_INPUT *image, const SMELT_WEIGHTS *weights, int32_t channel,
                                 const struct smelt_field_rows *rows, int32_t column, struct smelt_taps columns,
                                 int32_t lanes) {
    const struct smelt_window *window = &p->window;
    const int32_t step = window->dilation_width * window->input_channels;
    SMELT_SUM sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    int32_t slot = rows->slot;
    (void)found;
    for (int32_t y = rows->begin; y < rows->end; y++) {
        const int32_t from_column = column + columns.begin * window->dilation_width;
        const SMELT_INPUT *from = image + (slot * window->input_width + from_column) * window->input_channels;
        int32_t tap = (y * window->kernel_width + columns.begin) * window->output_channels + channel;
        for (int32_t left = columns.end - columns.begin; left > 0; left--) {
            sum0 += SMELT_VALUE(from[0]) * SMELT_WEIGHT(weights, tap);
            if (lanes == 4) {
                sum1 += SMELT_VALUE(from[1]) * SMELT_WEIGHT(weights, tap + 1);
                sum2 += SMELT_VALUE(from[2]) * SMELT_WEIGHT(weights, tap + 2);
                sum3 += SMELT_VALUE(from[3]) * SMELT_WEIGHT(weights, tap + 3);
            }
            from += step;
            tap += window->output_channels;
        }
        slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
    }
    sums[0] = sum0;
    if (lanes == 4) {
        sums[1] = sum1;
        sums[2] = sum2;
        sums[3] = sum3;
    }
}

SMELT_CODE_SECTION
static SMELT_OUTPUT *smelt_pixel(const SMELT_PARAMETERS *p, const struct smelt_dynamic *found, SMELT_OUTPUT *output,
                                 const SMELT_INPUT *image, const SMELT_WEIGHTS *weights,
                                 const struct smelt_field_rows *rows, int32_t column) {
    const struct smelt_window *window = &p->window;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    (void)found;
    for (int32_t channel = 0; channel < window->output_channels;) {
        const int32_t lanes = p->multiplier == 1 && window->output_channels - channel >= 4 ? 4 : 1;
        const SMELT_INPUT *from = image + channel / p->multiplier;
        SMELT_SUM sums[4];
        if (lanes == 4) {
            smelt_sums_at(p, found, sums, from, weights, channel, rows, column, columns, 4);
        } else {
            smelt_sums_at(p, found, sums, from, weights, channel, rows, column, columns, 1);
        }
        for (int32_t i = 0; i < lanes; i++, channel++) {
            *output++ = SMELT_RESULT(sums[i], channel);
        }
    }
    return output;
}

/* Output rows of one image, as the functions with `rows` in their names compute them. */
SMELT_CODE_SECTION
static void smelt_walk(const SMELT_PARAMETERS *p, const struct smelt_dynamic *found, SMELT_OUTPUT *output,
                       const SMELT_INPUT *input, const SMELT_WEIGHTS *weights, int32_t first_row, int32_t row_count,
                       int32_t input_ring_rows) {
    const struct smelt_window *window = &p->window;
    int32_t row = first_row * window->stride_height - window->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        int32_t column = -window->pad_left;
        for (int32_t x = 0; x < window->output_width; x++) {
            output = smelt_pixel(p, found, output, input, weights, &rows, column);
            column += window->stride_width;
        }
        row += window->stride_height;
    }
}
