/* output = clamp(sum / count), to nearest, ties away from zero; padding is not counted. */
#include "pool_window.h"
#include "pooling.h"
#include "smelt_requantize.h"

/* The reciprocal makes the quotient exact or one too large for sums of count int8 values, count < 2^16;
 * a division instead would cost the cores that have none a library function. */
SMELT_CODE_SECTION
static int32_t rounded_quotient(int32_t sum, int32_t count, uint32_t reciprocal) {
    const int32_t dividend = (sum < 0 ? -sum : sum) + count / 2;
    int32_t quotient = (int32_t)(((uint32_t)dividend * reciprocal) >> 24);
    if (quotient * count > dividend) {
        quotient--;
    }
    return sum < 0 ? -quotient : quotient;
}

void smelt_average_pool_2d_rows_s8(int8_t *output, const int8_t *input,
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
            for (int32_t channel = 0; channel < channels; channel++) {
                const int32_t sum = smelt_sum_s8(window + channel, rows, columns, channels);
                const int32_t mean = rounded_quotient(sum, count, reciprocal);
                *output++ = (int8_t)smelt_clamp(mean, parameters->low, parameters->high);
            }
        }
        top += parameters->stride_height;
    }
}

void smelt_average_pool_2d_s8(int8_t *output, const int8_t *input,
                              const struct smelt_average_pool_2d_s8_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_average_pool_2d_rows_s8(output, input, parameters, 0, parameters->output_height,
                                      parameters->input_height);
        output += parameters->output_height * parameters->output_width * parameters->channels;
        input += parameters->input_height * parameters->input_width * parameters->channels;
    }
}
