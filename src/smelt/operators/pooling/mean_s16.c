/* output = clamp(requantize(sum - count * input_zero_point) + output_zero_point). */
#include "pool_window.h"
#include "pooling.h"
#include "smelt_requantize.h"

void smelt_mean_s16(int16_t *output, const int16_t *input, const struct smelt_mean_s8_parameters *parameters) {
    const int32_t inner = parameters->inner;
    const int32_t block = parameters->columns * inner;
    const int32_t row = parameters->middle * block;
    const struct smelt_pool_rows rows = {parameters->rows, row, 0, 0, 0};
    for (int32_t outer = 0; outer < parameters->outer; outer++) {
        for (int32_t middle = 0; middle < parameters->middle; middle++) {
            const int16_t *first = input + middle * block;
            for (int32_t i = 0; i < inner; i++) {
                const int32_t sum = smelt_sum_s16(first + i, rows, parameters->columns, inner);
                const int32_t mean =
                    smelt_requantize(sum + parameters->offset, parameters->mantissa, parameters->shift) +
                    parameters->output_zero_point;
                *output++ = (int16_t)smelt_clamp(mean, -32768, 32767);
            }
        }
        input += parameters->rows * row;
    }
}
