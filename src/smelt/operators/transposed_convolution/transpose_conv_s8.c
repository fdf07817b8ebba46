/* Each output pixel gathers the taps that reach it: those a whole number of strides away from an input pixel. */
#include "transposed_convolution.h"

/* The sum of products of one output value; `weights` are those of its channel. */
SMELT_CODE_SECTION
static int32_t sum_at(const struct smelt_transpose_conv_s8_parameters *parameters, const int8_t *image,
                      const int8_t *weights, int32_t row, int32_t column) {
    const struct smelt_transpose_conv_window *p = &parameters->window;
    int32_t sum = 0;
    for (int32_t v = 0; v < p->kernel_height; v++) {
        const int32_t y = row + p->pad_top - v;
        if (y < 0 || y % p->stride_height != 0 || y / p->stride_height >= p->input_height) {
            continue;
        }
        for (int32_t u = 0; u < p->kernel_width; u++) {
            const int32_t x = column + p->pad_left - u;
            if (x < 0 || x % p->stride_width != 0 || x / p->stride_width >= p->input_width) {
                continue;
            }
            const int8_t *from = image + (y / p->stride_height * p->input_width + x / p->stride_width) * p->input_channels;
            const int8_t *weight = weights + (v * p->kernel_width + u) * p->input_channels;
            for (int32_t k = 0; k < p->input_channels; k++) {
                sum += (from[k] - parameters->input_zero_point) * weight[k];
            }
        }
    }
    return sum;
}

void smelt_transpose_conv_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                             const struct smelt_transpose_conv_s8_parameters *parameters) {
    const struct smelt_transpose_conv_window *p = &parameters->window;
    const int32_t field = p->kernel_height * p->kernel_width * p->input_channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_height; y++) {
            for (int32_t x = 0; x < p->output_width; x++) {
                for (int32_t j = 0; j < p->output_channels; j++) {
                    const int32_t sum = sum_at(parameters, input, weights + j * field, y, x);
                    *output++ = smelt_row_output_s8(&parameters->rows, j, sum);
                }
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
    }
}
