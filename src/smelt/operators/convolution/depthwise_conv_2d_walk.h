/* depthwise_conv_2d for any types of data and weights; taps outside the input count as zero: they are left out.
 *
 * The file that includes this defines what conv_2d_walk.h wants. */
#include "smelt_dynamic.h"
#include "smelt_window.h"

SMELT_CODE_SECTION
static SMELT_OUTPUT *smelt_pixel(const SMELT_PARAMETERS *p, const struct smelt_dynamic *found, SMELT_OUTPUT *output,
                                 const SMELT_INPUT *image, const SMELT_WEIGHTS *weights,
                                 const struct smelt_field_rows *rows, int32_t column) {
    const struct smelt_window *window = &p->window;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    (void)found;
    for (int32_t channel = 0; channel < window->output_channels; channel++) {
        const int32_t source = channel / p->multiplier;
        SMELT_SUM sum = 0;
        int32_t slot = rows->slot;
        for (int32_t y = rows->begin; y < rows->end; y++) {
            for (int32_t x = columns.begin; x < columns.end; x++) {
                const int32_t from = slot * window->input_width + column + x * window->dilation_width;
                const int32_t tap = y * window->kernel_width + x;
                sum += SMELT_VALUE(image[from * window->input_channels + source]) *
                       SMELT_WEIGHT(weights, tap * window->output_channels + channel);
            }
            slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
        }
        *output++ = SMELT_RESULT(sum, channel);
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
