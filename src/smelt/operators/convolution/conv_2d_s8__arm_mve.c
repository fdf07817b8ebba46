/* conv_2d: the fields of three output pixels, copied where they are not one run of bytes, times all weights. */
#include "convolution__arm_mve.h"
#include "smelt_window__arm_mve.h"

void smelt_conv_2d_s8__arm_mve(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_mve_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t channels = window->input_channels;
    const int8_t *fields[SMELT_GEMM_FIELDS] = {input, input, input};
    int32_t filled = 0, left = window->batches * window->output_height * window->output_width;
    if (parameters->gather) {
        for (int32_t i = 0; i < SMELT_GEMM_FIELDS; i++) {
            fields[i] = (int8_t *)scratch + i * parameters->gemm.depth;
        }
    }
    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t y = 0; y < window->output_height; y++) {
            const int32_t row = y * window->stride_height - window->pad_top;
            int32_t column = -(int32_t)window->pad_left;
            /* The output may overwrite input rows that no later row needs: keep what this group reads of them. */
            for (int32_t i = 0; i < filled && !parameters->gather; i++) {
                int8_t *const kept = (int8_t *)scratch + i * parameters->gemm.depth;
                smelt_copy_s8__arm_mve(kept, fields[i], parameters->gemm.depth);
                fields[i] = kept;
            }
            for (int32_t x = 0; x < window->output_width; x++) {
                if (parameters->gather) {
                    smelt_gather_s8__arm_mve((int8_t *)scratch + filled * parameters->gemm.depth, input, window,
                                             row, column, parameters->pad);
                } else {
                    fields[filled] = input + (row * window->input_width + column) * channels;
                }
                filled++;
                left--;
                if (filled == SMELT_GEMM_FIELDS || left == 0) {
                    smelt_gemm_three_s8__arm_mve(output, fields, filled, &parameters->gemm);
                    output += SMELT_GEMM_FIELDS * window->output_channels;
                    filled = 0;
                }
                column += window->stride_width;
            }
        }
        input += window->input_height * window->input_width * channels;
    }
}
