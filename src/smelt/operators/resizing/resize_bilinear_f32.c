/* Each value is between those of the four pixels around its place. */
#include "resizing.h"

void smelt_resize_bilinear_f32(float *output, const float *input,
                               const struct smelt_resize_bilinear_f32_parameters *parameters) {
    const struct smelt_resize_bilinear_f32_parameters p = *parameters;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        for (int32_t y = 0; y < p.output_height; y++) {
            const float *upper = input + p.rows_at[2 * y] * p.width * p.channels;
            const float *lower = input + p.rows_at[2 * y + 1] * p.width * p.channels;
            const float down = p.rows[y];
            for (int32_t x = 0; x < p.output_width; x++) {
                const int32_t left = p.columns_at[2 * x] * p.channels, right = p.columns_at[2 * x + 1] * p.channels;
                const float along = p.columns[x];
                for (int32_t c = 0; c < p.channels; c++) {
                    *output++ = upper[left + c] * (1.0f - down) * (1.0f - along) + lower[left + c] * down * (1.0f - along) +
                                upper[right + c] * (1.0f - down) * along + lower[right + c] * down * along;
                }
            }
        }
        input += p.height * p.width * p.channels;
    }
}
