/* Taps outside the input count as zero, which the zero point of int16 data is: they are left out. */
#include "convolution_s16.h"

/* The sum of one output value; the first tap inside lies in from_column. Kernel rows have few taps. */
SMELT_CODE_SECTION
static int64_t channel_sum(const struct smelt_window *window, const int16_t *image, const int8_t *weights,
                           const struct smelt_field_rows *rows, int32_t from_column, struct smelt_taps columns) {
    const int32_t step = window->dilation_width * window->input_channels;
    int64_t sum = 0;
    int32_t slot = rows->slot;
    for (int32_t y = rows->begin; y < rows->end; y++) {
        const int16_t *from = image + (slot * window->input_width + from_column) * window->input_channels;
        const int8_t *weight = weights + (y * window->kernel_width + columns.begin) * window->output_channels;
        int32_t row_sum = 0, left = columns.end - columns.begin;
        for (; left > 0; left--) {
            row_sum += *from * *weight;
            from += step;
            weight += window->output_channels;
        }
        sum += row_sum;
        slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
    }
    return sum;
}

SMELT_CODE_SECTION
static int16_t *pixel(int16_t *output, const int16_t *image, const int8_t *weights,
                      const struct smelt_depthwise_conv_2d_s16_parameters *parameters,
                      const struct smelt_field_rows *rows, int32_t column) {
    const struct smelt_window *window = &parameters->window;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    const int32_t from_column = column + columns.begin * window->dilation_width;
    int32_t index = 0;
    for (int32_t channel = 0; channel < window->input_channels; channel++) {
        for (int32_t j = 0; j < parameters->multiplier; j++) {
            const int64_t sum =
                columns.begin < columns.end
                    ? channel_sum(window, image + channel, weights + index, rows, from_column, columns)
                    : 0;
            *output++ = smelt_row_output_s16(&parameters->rows, index++, sum);
        }
    }
    return output;
}

void smelt_depthwise_conv_2d_rows_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                                      const struct smelt_depthwise_conv_2d_s16_parameters *parameters,
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

void smelt_depthwise_conv_2d_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                                 const struct smelt_depthwise_conv_2d_s16_parameters *parameters) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_s16(output, input, weights, parameters, 0, window->output_height,
                                         window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
