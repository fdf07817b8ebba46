/* Each output pixel gathers the taps that reach it: those a whole number of strides away from an input pixel. */
#include "smelt_clamp_f32.h"
#include "transposed_convolution.h"

#include <stddef.h>

/* The sum of one output value; `weights` are those of its channel. */
SMELT_CODE_SECTION
static float value_at(const struct smelt_transpose_conv_window *p, const float *image, const float *weights,
                      int32_t row, int32_t column) {
    float sum = 0.0f;
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
            const float *from = image + (y / p->stride_height * p->input_width + x / p->stride_width) * p->input_channels;
            const float *weight = weights + (v * p->kernel_width + u) * p->input_channels;
            for (int32_t k = 0; k < p->input_channels; k++) {
                sum += from[k] * weight[k];
            }
        }
    }
    return sum;
}

void smelt_transpose_conv_f32(float *output, const float *input, const float *weights,
                              const struct smelt_transpose_conv_f32_parameters *parameters) {
    const struct smelt_transpose_conv_window *p = &parameters->window;
    const int32_t field = p->kernel_height * p->kernel_width * p->input_channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->output_height; y++) {
            for (int32_t x = 0; x < p->output_width; x++) {
                for (int32_t j = 0; j < p->output_channels; j++) {
                    const float bias = parameters->bias == NULL ? 0.0f : parameters->bias[j];
                    const float sum = bias + value_at(p, input, weights + j * field, y, x);
                    *output++ = smelt_clamp_f32(sum, parameters->low, parameters->high);
                }
            }
        }
        input += p->input_height * p->input_width * p->input_channels;
    }
}
