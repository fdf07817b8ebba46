/* As max_pool_2d_s8.c, four channels at a time; some are computed twice where they are no whole fours. */
#include "pool_window.h"
#include "pooling__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"

/* Of four channels, and no less than `least`. */
SMELT_CODE_SECTION
static uint32_t largest_elements(uint32_t least, const int8_t *first, struct smelt_pool_rows rows, int32_t columns,
                                 int32_t column_step) {
    for (; rows.count > 0; rows.count--) {
        const int8_t *element = first;
        for (int32_t column = columns; column > 0; column--) {
            least = smelt_larger_bytes(smelt_load_word(element), least);
            element += column_step;
        }
        first += --rows.before_end == 0 ? rows.step - rows.ring : rows.step;
    }
    return least;
}

void smelt_max_pool_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                        const struct smelt_max_pool_2d_s8_parameters *parameters,
                                        int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const int32_t channels = parameters->channels;
    const uint32_t lows = smelt_four_bytes(parameters->low), highs = smelt_four_bytes(parameters->high);
    const int32_t input_row = parameters->input_width * channels;
    int32_t top = first_row * parameters->stride_height - parameters->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_pool_rows rows = smelt_pool_rows(top, parameters->filter_height, parameters->input_height,
                                                            input_row, input_ring_rows);
        for (int32_t x = 0; x < parameters->output_width; x++) {
            int32_t left = x * parameters->stride_width - parameters->pad_left;
            const int32_t columns = smelt_pool_clip(&left, parameters->filter_width, parameters->input_width);
            const int8_t *window = input + rows.first + left * channels;
            for (int32_t channel = 0; channel < channels; channel += 4) {
                channel = channel > channels - 4 ? channels - 4 : channel;
                const uint32_t largest = largest_elements(lows, window + channel, rows, columns, channels);
                smelt_store_word(output + channel, smelt_smaller_bytes(largest, highs));
            }
            output += channels;
        }
        top += parameters->stride_height;
    }
}

void smelt_max_pool_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                                   const struct smelt_max_pool_2d_s8_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_max_pool_2d_rows_s8__arm_dsp(output, input, parameters, 0, parameters->output_height,
                                           parameters->input_height);
        output += parameters->output_height * parameters->output_width * parameters->channels;
        input += parameters->input_height * parameters->input_width * parameters->channels;
    }
}
