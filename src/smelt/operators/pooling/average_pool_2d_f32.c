/* output = clamp(sum / count); padding is not counted. */
#include "pool_window.h"
#include "pooling.h"

void smelt_average_pool_2d_f32(float *output, const float *input,
                               const struct smelt_pool_2d_f32_parameters *parameters) {
    const int32_t channels = parameters->channels;
    const int32_t input_row = parameters->input_width * channels;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t y = 0; y < parameters->output_height; y++) {
            int32_t top = y * parameters->stride_height - parameters->pad_top;
            const int32_t rows = smelt_pool_clip(&top, parameters->filter_height, parameters->input_height);
            for (int32_t x = 0; x < parameters->output_width; x++) {
                int32_t left = x * parameters->stride_width - parameters->pad_left;
                const int32_t columns =
                    smelt_pool_clip(&left, parameters->filter_width, parameters->input_width);
                const float *window = input + top * input_row + left * channels;
                for (int32_t channel = 0; channel < channels; channel++) {
                    float mean = smelt_sum_f32(window + channel, rows, input_row, columns, channels) /
                                 (float)(rows * columns);
                    if (mean < parameters->low) {
                        mean = parameters->low;
                    }
                    *output++ = mean > parameters->high ? parameters->high : mean;
                }
            }
        }
        input += parameters->input_height * input_row;
    }
}
