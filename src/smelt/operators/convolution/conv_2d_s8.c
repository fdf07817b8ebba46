/* Each output pixel is a matrix-vector product with its receptive field. Pads are copied into the field as
 * the input zero point, so that a bias with the zero point folded in is right at the edges too. */
#include "convolution.h"

void smelt_conv_2d_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                      const struct smelt_conv_2d_s8_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->window;
    const int32_t row_bytes = window->input_width * window->input_channels;
    const int32_t channels = window->input_channels / parameters->groups;
    const int32_t outputs = window->output_channels / parameters->groups;
    const int32_t columns = window->kernel_height * window->kernel_width * channels;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        int32_t row = -window->pad_top;
        for (int32_t y = 0; y < window->output_height; y++) {
            int32_t column = -window->pad_left;
            for (int32_t x = 0; x < window->output_width; x++) {
                for (int32_t group = 0; group < parameters->groups; group++) {
                    const int8_t *field = scratch;
                    if (parameters->gather) {
                        smelt_gather_s8(scratch, input, window, row, column, group * channels, channels,
                                        parameters->pad);
                    } else {
                        field = input + row * row_bytes + column * window->input_channels;
                    }
                    smelt_rows_s8(output, field, weights, columns, &parameters->rows, group * outputs, outputs, 0);
                    output += outputs;
                }
                column += window->stride_width;
            }
            row += window->stride_height;
        }
        input += window->input_height * row_bytes;
    }
}
