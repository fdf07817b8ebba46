/* output = clamp(largest element of the window); padding does not take part. */
#include "pool_window.h"
#include "pooling.h"
#include "smelt_requantize.h"

SMELT_CODE_SECTION
static int16_t largest_element(const int16_t *first, struct smelt_pool_rows rows, int32_t columns,
                              int32_t column_step) {
    int16_t largest = *first;
    for (; rows.count > 0; rows.count--) {
        const int16_t *element = first;
        for (int32_t column = columns; column > 0; column--) {
            if (*element > largest) {
                largest = *element;
            }
            element += column_step;
        }
        first += --rows.before_end == 0 ? rows.step - rows.ring : rows.step;
    }
    return largest;
}

void smelt_max_pool_2d_rows_s16(int16_t *output, const int16_t *input,
                               const struct smelt_pool_2d_s16_parameters *parameters,
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
            const int16_t *window = input + rows.first + left * channels;
            for (int32_t channel = 0; channel < channels; channel++) {
                const int16_t largest = largest_element(window + channel, rows, columns, channels);
                *output++ = (int16_t)smelt_clamp(largest, parameters->low, parameters->high);
            }
        }
        top += parameters->stride_height;
    }
}

void smelt_max_pool_2d_s16(int16_t *output, const int16_t *input,
                          const struct smelt_pool_2d_s16_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_max_pool_2d_rows_s16(output, input, parameters, 0, parameters->output_height,
                                  parameters->input_height);
        output += parameters->output_height * parameters->output_width * parameters->channels;
        input += parameters->input_height * parameters->input_width * parameters->channels;
    }
}
