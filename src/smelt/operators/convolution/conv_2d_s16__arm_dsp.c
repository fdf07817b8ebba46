/* Two pixels at a time share the weights that are loaded and widened; the last of an odd row goes alone. */
#include "convolution_s16__arm_dsp.h"

/* The receptive field of the pixel whose first tap is in `column`: in the input, or copied to `copy`. */
SMELT_CODE_SECTION
static const int16_t *field_at(const struct smelt_conv_2d_s16__arm_dsp_parameters *p, const int16_t *input,
                               const struct smelt_field_rows *rows, int32_t column, int16_t *copy) {
    const struct smelt_window *window = &p->window;
    if (p->gather || rows->slot + window->kernel_height > rows->ring) {
        smelt_gather_s8((int8_t *)copy, (const int8_t *)input, window, rows, column, 0, window->input_channels, 0);
        return copy;
    }
    return input + (rows->slot * window->input_width + column) * (window->input_channels / 2);
}

void smelt_conv_2d_rows_s16__arm_dsp(int16_t *output, const int16_t *input,
                                     const struct smelt_conv_2d_s16__arm_dsp_parameters *parameters, void *scratch,
                                     int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *window = &parameters->window;
    const int32_t channels = window->output_channels, depth = parameters->gemm.depth;
    int16_t *const first = scratch, *const second = first + depth;
    if (parameters->gather) {
        for (int32_t i = 1; i <= 3; i++) { /* values behind a field, which copying it leaves alone */
            first[depth - i] = 0;
            second[depth - i] = 0;
        }
    }
    int32_t row = first_row * window->stride_height - window->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        int32_t column = -window->pad_left, left = window->output_width;
        for (; left > 1; left -= 2) {
            const int16_t *const x = field_at(parameters, input, &rows, column, first);
            const int16_t *const y = field_at(parameters, input, &rows, column + window->stride_width, second);
            smelt_gemm_two_s16__arm_dsp(output, output + channels, x, y, &parameters->gemm, &parameters->outputs);
            output += 2 * channels;
            column += 2 * window->stride_width;
        }
        if (left > 0) {
            const int16_t *const x = field_at(parameters, input, &rows, column, first);
            smelt_gemm_one_s16__arm_dsp(output, x, &parameters->gemm, &parameters->outputs);
            output += channels;
        }
        row += window->stride_height;
    }
}

void smelt_conv_2d_s16__arm_dsp(int16_t *output, const int16_t *input,
                                const struct smelt_conv_2d_s16__arm_dsp_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_s16__arm_dsp(output, input, parameters, scratch, 0, window->output_height,
                                        window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * (window->input_channels / 2);
    }
}
