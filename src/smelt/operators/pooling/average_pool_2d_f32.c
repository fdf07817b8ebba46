/* output = clamp(sum / count); padding is not counted. */
#include "pool_window.h"
#include "pooling.h"

void smelt_average_pool_2d_rows_f32(float *output, const float *input,
                                    const struct smelt_pool_2d_f32_parameters *parameters,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const int32_t channels = parameters->channels;
    const int32_t input_row = parameters->input_width * channels;
    int32_t top = first_row * parameters->stride_height - parameters->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_pool_rows rows = smelt_pool_rows(top, parameters->filter_height, parameters->input_height,
                                                            input_row, input_ring_rows);
        for (int32_t x = 0; x < parameters->output_width; x++) {
            int32_t left = x * parameters->stride_width - parameters->pad_left;
            const int32_t columns = smelt_pool_clip(&left, parameters->filter_width, parameters->input_width);
            const float *window = input + rows.first + left * channels;
            for (int32_t channel = 0; channel < channels; channel++) {
                float mean = smelt_sum_f32(window + channel, rows, columns, channels) /
                             (float)(rows.count * columns);
                if (mean < parameters->low) {
                    mean = parameters->low;
                }
                *output++ = mean > parameters->high ? parameters->high : mean;
            }
        }
        top += parameters->stride_height;
    }
}

void smelt_average_pool_2d_f32(float *output, const float *input,
                               const struct smelt_pool_2d_f32_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_average_pool_2d_rows_f32(output, input, parameters, 0, parameters->output_height,
                                       parameters->input_height);
        output += parameters->output_height * parameters->output_width * parameters->channels;
        input += parameters->input_height * parameters->input_width * parameters->channels;
    }
}
