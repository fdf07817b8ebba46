/* output = sum / count. */
#include "pool_window.h"
#include "pooling.h"

void smelt_mean_f32(float *output, const float *input, const struct smelt_mean_f32_parameters *parameters) {
    const int32_t inner = parameters->inner;
    const int32_t block = parameters->columns * inner;
    const int32_t row = parameters->middle * block;
    const struct smelt_pool_rows rows = {parameters->rows, row, 0, 0, 0};
    const float count = (float)(parameters->rows * parameters->columns);
    for (int32_t outer = 0; outer < parameters->outer; outer++) {
        for (int32_t middle = 0; middle < parameters->middle; middle++) {
            const float *first = input + middle * block;
            for (int32_t i = 0; i < inner; i++) {
                *output++ = smelt_window_sum_f32(first + i, rows, parameters->columns, inner) / count;
            }
        }
        input += parameters->rows * row;
    }
}
