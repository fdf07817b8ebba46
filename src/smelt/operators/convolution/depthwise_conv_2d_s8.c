/* Fields inside the input are read in place; those that reach over an edge, or over the end of a ring, are first
 * copied, with the input zero point as pads, so that the inner loops check no bounds and the folded bias is always
 * right. */
#include "convolution.h"

/* The field of one pixel: its first tap, and the way to the next tap of a row and of a column. */
struct field {
    const int8_t *first;
    int32_t row_step, column_step;
};

SMELT_CODE_SECTION
static int32_t channel_sum(const struct smelt_window *window, const struct field *field, int32_t channel,
                           const int8_t *weight) {
    const int8_t *row = field->first + channel;
    int32_t sum = 0;
    for (int32_t y = window->kernel_height; y > 0; y--) {
        const int8_t *tap = row;
        for (int32_t x = window->kernel_width; x > 0; x--) {
            sum += *tap * *weight;
            tap += field->column_step;
            weight += window->output_channels;
        }
        row += field->row_step;
    }
    return sum;
}

SMELT_CODE_SECTION
static void four_channel_sums(int32_t sums[4], const struct smelt_window *window, const struct field *field,
                              int32_t channel, const int8_t *weight) {
    const int8_t *row = field->first + channel;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (int32_t y = window->kernel_height; y > 0; y--) {
        const int8_t *tap = row;
        for (int32_t x = window->kernel_width; x > 0; x--) {
            sum0 += tap[0] * weight[0];
            sum1 += tap[1] * weight[1];
            sum2 += tap[2] * weight[2];
            sum3 += tap[3] * weight[3];
            tap += field->column_step;
            weight += window->output_channels;
        }
        row += field->row_step;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

SMELT_CODE_SECTION
static int8_t *pixel(int8_t *output, const int8_t *weights,
                     const struct smelt_depthwise_conv_2d_s8_parameters *parameters, const struct field *field) {
    const struct smelt_window *window = &parameters->window;
    int32_t index = 0, channel = 0;
    while (channel < window->input_channels) {
        int32_t sums[4];
        int32_t end = index + 4;
        if (parameters->multiplier == 1 && end <= window->output_channels) {
            four_channel_sums(sums, window, field, channel, weights + index);
            channel += 4;
            for (const int32_t *sum = sums; index < end; index++) {
                *output++ = smelt_row_output_s8(&parameters->rows, index, *sum++);
            }
            continue;
        }
        for (end = index + parameters->multiplier; index < end; index++) {
            const int32_t sum = channel_sum(window, field, channel, weights + index);
            *output++ = smelt_row_output_s8(&parameters->rows, index, sum);
        }
        channel++;
    }
    return output;
}

void smelt_depthwise_conv_2d_rows_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                     const struct smelt_depthwise_conv_2d_s8_parameters *parameters, void *scratch,
                                     int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *window = &parameters->window;
    const int32_t channels = window->input_channels, row_bytes = window->input_width * channels;
    const int32_t last_tap = (window->kernel_height - 1) * window->dilation_height;
    const int32_t last_column = window->input_width - (window->kernel_width - 1) * window->dilation_width;
    const struct field inside = {input, window->dilation_height * row_bytes, window->dilation_width * channels};
    const struct field copied = {scratch, window->kernel_width * channels, channels};
    int32_t row = first_row * window->stride_height - window->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        const int in_place =
            rows.end - rows.begin == window->kernel_height && rows.slot + last_tap < input_ring_rows;
        int32_t column = -window->pad_left;
        for (int32_t x = 0; x < window->output_width; x++) {
            struct field field = inside;
            if (in_place && column >= 0 && column < last_column) {
                field.first = input + rows.slot * row_bytes + column * channels;
            } else {
                smelt_gather_s8(scratch, input, window, &rows, column, 0, channels, parameters->pad);
                field = copied;
            }
            output = pixel(output, weights, parameters, &field);
            column += window->stride_width;
        }
        row += window->stride_height;
    }
}

void smelt_depthwise_conv_2d_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                const struct smelt_depthwise_conv_2d_s8_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_s8(output, input, weights, parameters, scratch, 0, window->output_height,
                                        window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
