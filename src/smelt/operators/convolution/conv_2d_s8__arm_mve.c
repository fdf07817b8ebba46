/* conv_2d: the fields of three output pixels, copied where they are not one run of bytes, times all weights. */
#include "convolution__arm_mve.h"
#include "smelt_window__arm_mve.h"

void smelt_conv_2d_rows_s8__arm_mve(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_mve_parameters *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t depth = parameters->gemm.depth, row_bytes = window->input_width * window->input_channels;
    int32_t *const sums = scratch;
    int8_t *const copies = (int8_t *)(sums + SMELT_GEMM_SUMS);
    const int8_t *const unused = parameters->gather ? copies : input; /* read all the same */
    const int8_t *fields[SMELT_GEMM_FIELDS] = {unused, unused, unused};
    int32_t filled = 0, left = row_count * window->output_width;
    for (int32_t y = first_row; y < first_row + row_count; y++) {
        const int32_t row = y * window->stride_height - window->pad_top;
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        /* A field is no run where the ring's last row is followed by its first. */
        const int gather = parameters->gather || rows.slot + window->kernel_height > input_ring_rows;
        int32_t column = -(int32_t)window->pad_left;
        /* The output may overwrite input rows that no later row needs: keep what this group reads of them. */
        for (int32_t i = 0; i < filled; i++) {
            int8_t *const kept = copies + i * depth;
            if (fields[i] != kept) {
                smelt_copy_s8__arm_mve(kept, fields[i], depth);
                fields[i] = kept;
            }
        }
        for (int32_t x = 0; x < window->output_width; x++) {
            if (gather) {
                int8_t *const field = copies + filled * depth;
                smelt_gather_s8__arm_mve(field, input, window, &rows, column, parameters->pad);
                fields[filled] = field;
            } else {
                fields[filled] = input + rows.slot * row_bytes + column * window->input_channels;
            }
            filled++;
            left--;
            if (filled == SMELT_GEMM_FIELDS || left == 0) {
                smelt_gemm_three_s8__arm_mve(output, fields, filled, sums, &parameters->gemm);
                output += SMELT_GEMM_FIELDS * window->output_channels;
                filled = 0;
            }
            column += window->stride_width;
        }
    }
}

void smelt_conv_2d_s8__arm_mve(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_mve_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_s8__arm_mve(output, input, parameters, scratch, 0, window->output_height,
                                       window->input_height);
        input += window->input_height * window->input_width * window->input_channels;
        output += window->output_height * window->output_width * window->output_channels;
    }
}
