/* Taps outside the input count as zero, which the zero point of int16 data is: they are left out. */
#include "convolution_s16.h"

/* The sum of one output value; rows and columns tell the taps inside the input. */
SMELT_CODE_SECTION
static int64_t value_at(const struct smelt_window *window, const int16_t *image, const int8_t *weights,
                        int32_t channels, const struct smelt_field_rows *rows, int32_t column,
                        struct smelt_taps columns) {
    const int32_t step = window->dilation_width * window->input_channels;
    int32_t run = channels, runs = columns.end - columns.begin;
    if (runs == 0) {
        return 0;
    }
    if (step == channels) { /* neighbours in the kernel are neighbours in the image */
        run *= runs;
        runs = 1;
    }
    const int32_t from_column = column + columns.begin * window->dilation_width;
    int64_t sum = 0;
    int32_t slot = rows->slot;
    for (int32_t y = rows->begin; y < rows->end; y++) {
        const int16_t *from = image + (slot * window->input_width + from_column) * window->input_channels;
        const int8_t *weight = weights + (y * window->kernel_width + columns.begin) * channels;
        for (int32_t left = runs; left > 0; left--) {
            sum += smelt_dot_s16(from, weight, run);
            from += step;
            weight += channels;
        }
        slot = smelt_next_slot(slot, window->dilation_height, rows->ring);
    }
    return sum;
}

SMELT_CODE_SECTION
static int16_t *pixel(int16_t *output, const int16_t *image, const int8_t *weights,
                      const struct smelt_conv_2d_s16_parameters *parameters, const struct smelt_field_rows *rows,
                      int32_t column) {
    const struct smelt_window *window = &parameters->window;
    const int32_t channels = window->input_channels / parameters->groups;
    const int32_t outputs = window->output_channels / parameters->groups;
    const int32_t field = window->kernel_height * window->kernel_width * channels;
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    int32_t index = 0;
    for (int32_t group = 0; group < parameters->groups; group++) {
        for (int32_t j = 0; j < outputs; j++) {
            const int64_t sum = value_at(window, image, weights, channels, rows, column, columns);
            *output++ = smelt_row_output_s16(&parameters->rows, index++, sum);
            weights += field;
        }
        image += channels;
    }
    return output;
}

void smelt_conv_2d_rows_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                            const struct smelt_conv_2d_s16_parameters *parameters, int32_t first_row,
                            int32_t row_count, int32_t input_ring_rows) {
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

void smelt_conv_2d_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                       const struct smelt_conv_2d_s16_parameters *parameters) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_s16(output, input, weights, parameters, 0, window->output_height, window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
