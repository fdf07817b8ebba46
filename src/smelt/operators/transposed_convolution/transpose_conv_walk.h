/* Each output pixel gathers the taps that reach it: those a whole number of strides away from an input pixel.
 *
 * The file that includes this defines SMELT_DATA and SMELT_WEIGHTS, the types of elements; SMELT_PARAMETERS; SMELT_SUM, the
 * type of sums; and, of the parameters `p`: SMELT_VALUE(x) of an input element and SMELT_RESULT(sum, channel), an output. */
#include "transposed_convolution.h"

#include <stddef.h>

/* The sum of one output value; `weights` are those of its channel. */
SMELT_CODE_SECTION
static SMELT_SUM smelt_sum_at(const SMELT_PARAMETERS *p, const SMELT_DATA *image, const SMELT_WEIGHTS *weights,
                              int32_t row, int32_t column) {
    const struct smelt_transpose_conv_window *w = &p->window;
    SMELT_SUM sum = 0;
    for (int32_t v = 0; v < w->kernel_height; v++) {
        const int32_t y = row + w->pad_top - v;
        if (y < 0 || y % w->stride_height != 0 || y / w->stride_height >= w->input_height) {
            continue;
        }
        for (int32_t u = 0; u < w->kernel_width; u++) {
            const int32_t x = column + w->pad_left - u;
            if (x < 0 || x % w->stride_width != 0 || x / w->stride_width >= w->input_width) {
                continue;
            }
            const SMELT_DATA *from =
                image + (y / w->stride_height * w->input_width + x / w->stride_width) * w->input_channels;
            const SMELT_WEIGHTS *weight = weights + (v * w->kernel_width + u) * w->input_channels;
            for (int32_t k = 0; k < w->input_channels; k++) {
                sum += SMELT_VALUE(from[k]) * weight[k];
            }
        }
    }
    return sum;
}

SMELT_CODE_SECTION
static void smelt_walk(SMELT_DATA *output, const SMELT_DATA *input, const SMELT_WEIGHTS *weights,
                       const SMELT_PARAMETERS *p) {
    const struct smelt_transpose_conv_window *w = &p->window;
    const int32_t field = w->kernel_height * w->kernel_width * w->input_channels;
    for (int32_t batch = 0; batch < w->batches; batch++) {
        for (int32_t y = 0; y < w->output_height; y++) {
            for (int32_t x = 0; x < w->output_width; x++) {
                for (int32_t j = 0; j < w->output_channels; j++) {
                    *output++ = SMELT_RESULT(smelt_sum_at(p, input, weights + j * field, y, x), j);
                }
            }
        }
        input += w->input_height * w->input_width * w->input_channels;
    }
}
