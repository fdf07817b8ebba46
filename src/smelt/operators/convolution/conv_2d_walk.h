/* conv_2d for any types of data and weights; taps outside the input count as zero: they are left out.
 *
 * The file that includes this defines SMELT_OUTPUT, SMELT_INPUT and SMELT_WEIGHTS, the types of elements as stored;
 * SMELT_PARAMETERS; SMELT_SUM, the type of sums; and, of the parameters `p` and what is known of the input, `found`:
 * SMELT_VALUE(x) of an input element, SMELT_WEIGHT(weights, i), and SMELT_RESULT(sum, channel), an output. */
#include "smelt_dynamic.h"
#include "smelt_window.h"

/* The sum of one output value, whose weights begin with element `first`. */
SMELT_CODE_SECTION
static SMELT_SUM smelt_value_at(const SMELT_PARAMETERS *p, const struct smelt_dynamic *found, const SMELT_INPUT *image,
                                const SMELT_WEIGHTS *weights, int32_t first, int32_t channels,
                                const struct smelt_field_rows *rows, int32_t column, struct smelt_taps columns) {
    const struct smelt_window *window = &p->window;
    SMELT_SUM sum = 0;
    int32_t slot = rows->slot;
    (void)found;
    for (int32_t y = rows->begin; y < rows->end; y++) {
        for (int32_t x = columns.begin; x < columns.end; x++) {
            const int32_t from_column = column + x * window->dilation_width;
            const SMELT_INPUT *from = image + (slot * window->input_width + from_column) * window->input_channels;
            const int32_t tap = first + (y * window->kernel_width + x) * channels;
            for (int32_t k = 0; k < channels; k++) {
                sum += SMELT_VALUE(from[k]) * SMELT_WEIGHT(weights, tap + k);
            }
        }
        slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
    }
    return sum;
}

SMELT_CODE_SECTION
static SMELT_OUTPUT *smelt_pixel(const SMELT_PARAMETERS *p, const struct smelt_dynamic *found, SMELT_OUTPUT *output,
                                 const SMELT_INPUT *image, const SMELT_WEIGHTS *weights,
                                 const struct smelt_field_rows *rows, int32_t column) {
    const struct smelt_window *window = &p->window;
    const int32_t channels = window->input_channels / p->groups, outputs = window->output_channels / p->groups;
    const int32_t field = window->kernel_height * window->kernel_width * channels;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    int32_t channel = 0;
    (void)found;
    for (int32_t end = outputs; channel < window->output_channels; end += outputs) {
        for (; channel < end; channel++) {
            const SMELT_SUM sum =
                smelt_value_at(p, found, image, weights, channel * field, channels, rows, column, columns);
            *output++ = SMELT_RESULT(sum, channel);
        }
        image += channels;
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
