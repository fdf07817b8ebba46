/* Each value is between those of the four pixels around its place, in 1/1024 of the way, rounded half away from 0. */
#include "resizing.h"

#define SMELT_ONE 1024

void smelt_resize_bilinear_s8(int8_t *output, const int8_t *input,
                              const struct smelt_resize_bilinear_s8_parameters *parameters) {
    const struct smelt_resize_bilinear_s8_parameters p = *parameters;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        for (int32_t y = 0; y < p.output_height; y++) {
            const int32_t *row = p.rows + 3 * y;
            const int8_t *upper = input + row[0] * p.width * p.channels, *lower = input + row[1] * p.width * p.channels;
            for (int32_t x = 0; x < p.output_width; x++) {
                const int32_t *column = p.columns + 3 * x;
                const int32_t left = column[0] * p.channels, right = column[1] * p.channels;
                const int32_t low_right = row[2] * column[2], low_left = row[2] * SMELT_ONE - low_right;
                const int32_t up_right = column[2] * SMELT_ONE - low_right;
                const int32_t up_left = SMELT_ONE * SMELT_ONE - low_right - low_left - up_right;
                for (int32_t c = 0; c < p.channels; c++) {
                    const int32_t sum = upper[left + c] * up_left + lower[left + c] * low_left +
                                        upper[right + c] * up_right + lower[right + c] * low_right;
                    const int32_t half = SMELT_ONE * SMELT_ONE / 2;
                    *output++ = (int8_t)((sum > 0 ? sum + half : sum - half) / (SMELT_ONE * SMELT_ONE));
                }
            }
        }
        input += p.height * p.width * p.channels;
    }
}
