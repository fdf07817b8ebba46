/* output = clamp(largest element of the window); padding does not take part. */
#include "pool_window.h"
#include "pooling.h"

SMELT_CODE_SECTION
static float largest_element(const float *first, int32_t rows, int32_t row_step, int32_t columns,
                             int32_t column_step) {
    float largest = *first;
    for (; rows > 0; rows--) {
        const float *element = first;
        for (int32_t column = columns; column > 0; column--) {
            if (*element > largest) {
                largest = *element;
            }
            element += column_step;
        }
        first += row_step;
    }
    return largest;
}

void smelt_max_pool_2d_f32(float *output, const float *input,
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
                    float largest = largest_element(window + channel, rows, input_row, columns, channels);
                    if (largest < parameters->low) {
                        largest = parameters->low;
                    }
                    *output++ = largest > parameters->high ? parameters->high : largest;
                }
            }
        }
        input += parameters->input_height * input_row;
    }
}
