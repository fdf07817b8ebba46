/* conv_2d of int8 data, field after field.
 *
 * Each output pixel is a matrix-vector product with its receptive field. Pads are copied into the field as the input
 * zero point, so that a bias with the zero point folded in is right at the edges too.
 *
 * The file that includes this defines SMELT_PRODUCT(output, field, first, count): outputs first to first + count - 1,
 * from `weights` of `columns` columns; `extra` is what the function is given. */
#include <stddef.h>

#include "convolution.h"

SMELT_CODE_SECTION
static void smelt_walk_fields(int8_t *output, const int8_t *input, const SMELT_WEIGHTS *weights,
                              const struct smelt_conv_2d_s8_parameters *parameters, int8_t *gathered, void *extra,
                              int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *window = &parameters->window;
    const int32_t row_bytes = window->input_width * window->input_channels;
    const int32_t channels = window->input_channels / parameters->groups;
    const int32_t outputs = window->output_channels / parameters->groups;
    const int32_t columns = window->kernel_height * window->kernel_width * channels;
    int32_t row = first_row * window->stride_height - window->pad_top;
    (void)extra;
    (void)columns;
    for (; row_count > 0; row_count--) {
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        /* a field is no run where the ring's last row is followed by its first */
        const int gather = parameters->gather || rows.slot + window->kernel_height > input_ring_rows;
        int32_t column = -window->pad_left;
        for (int32_t x = 0; x < window->output_width; x++) {
            for (int32_t group = 0; group < parameters->groups; group++) {
                const int8_t *field = gathered;
                if (gather) {
                    smelt_gather_s8(gathered, input, window, &rows, column, group * channels, channels,
                                    parameters->pad);
                } else {
                    field = input + rows.slot * row_bytes + column * window->input_channels;
                }
                SMELT_PRODUCT(output, field, group * outputs, outputs);
                output += outputs;
            }
            column += window->stride_width;
        }
        row += window->stride_height;
    }
}
