/* Taps outside the input count as zero: they are left out. */
#include "convolution.h"

SMELT_CODE_SECTION
static float *pixel(float *output, const float *image, const float *weights,
                    const struct smelt_depthwise_conv_2d_f32_parameters *parameters,
                    const struct smelt_field_rows *rows, int32_t column) {
    const struct smelt_window *window = &parameters->window;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    int32_t index = 0;
    for (int32_t channel = 0; channel < window->input_channels; channel++) {
        for (int32_t j = 0; j < parameters->multiplier; j++) {
            float sum = 0.0f;
            int32_t slot = rows->slot;
            for (int32_t y = rows->begin; y < rows->end; y++) {
                for (int32_t x = columns.begin; x < columns.end; x++) {
                    const int32_t from_column = column + x * window->dilation_width;
                    const int32_t from = slot * window->input_width + from_column;
                    const int32_t tap = y * window->kernel_width + x;
                    sum += image[from * window->input_channels + channel] *
                           weights[tap * window->output_channels + index];
                }
                slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
            }
            sum += parameters->bias[index++];
            const float raised = sum < parameters->low ? parameters->low : sum;
            *output++ = raised > parameters->high ? parameters->high : raised;
        }
    }
    return output;
}

void smelt_depthwise_conv_2d_rows_f32(float *output, const float *input, const float *weights,
                                      const struct smelt_depthwise_conv_2d_f32_parameters *parameters,
                                      int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *window = &parameters->window;
    int32_t row = first_row * window->stride_height - window->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        int32_t column = -window->pad_left;
        for (int32_t x = 0; x < window->output_width; x++) {
            output = pixel(output, input, weights, parameters, &rows, column);
            column += window->stride_width;
        }
        row += window->stride_height;
    }
}

void smelt_depthwise_conv_2d_f32(float *output, const float *input, const float *weights,
                                 const struct smelt_depthwise_conv_2d_f32_parameters *parameters) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_f32(output, input, weights, parameters, 0, window->output_height,
                                        window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
