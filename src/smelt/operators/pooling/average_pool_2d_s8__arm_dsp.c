/* As average_pool_2d_s8.c, four channels at a time; some are computed twice where they are no whole fours. */
#include "pool_window.h"
#include "pooling__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"
#include "smelt_requantize.h"

/* The sums of four channels of a window whose sums fit int16. */
SMELT_CODE_SECTION
static void sum_window(int32_t *sums, const int8_t *first, struct smelt_pool_rows rows, int32_t columns,
                       int32_t column_step) {
    uint32_t even = 0, odd = 0;
    for (; rows.count > 0; rows.count--) {
        const int8_t *element = first;
        for (int32_t column = columns; column > 0; column--) {
            const uint32_t word = smelt_load_word(element);
            even = smelt_sxtab16(even, word);
            odd = smelt_sxtab16_ror8(odd, word);
            element += column_step;
        }
        first += --rows.before_end == 0 ? rows.step - rows.ring : rows.step;
    }
    sums[0] = (int16_t)(even & 0xFFFFu);
    sums[1] = (int16_t)(odd & 0xFFFFu);
    sums[2] = (int16_t)(even >> 16);
    sums[3] = (int16_t)(odd >> 16);
}

void smelt_average_pool_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                            const struct smelt_average_pool_2d_s8_parameters *parameters,
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
            const int32_t count = rows.count * columns;
            const uint32_t reciprocal =
                parameters->reciprocals[parameters->filter_height * parameters->filter_width - count];
            const int8_t *window = input + rows.first + left * channels;
            for (int32_t channel = 0; channel < channels; channel += 4) {
                channel = channel > channels - 4 ? channels - 4 : channel;
                int32_t sums[4];
                sum_window(sums, window + channel, rows, columns, channels);
                for (int32_t i = 0; i < 4; i++) {
                    const int32_t mean = smelt_pool_quotient(sums[i], count, reciprocal);
                    output[channel + i] = (int8_t)smelt_clamp(mean, parameters->low, parameters->high);
                }
            }
            output += channels;
        }
        top += parameters->stride_height;
    }
}

void smelt_average_pool_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                                       const struct smelt_average_pool_2d_s8_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_average_pool_2d_rows_s8__arm_dsp(output, input, parameters, 0, parameters->output_height,
                                               parameters->input_height);
        output += parameters->output_height * parameters->output_width * parameters->channels;
        input += parameters->input_height * parameters->input_width * parameters->channels;
    }
}
