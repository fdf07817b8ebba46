/* The reverse of a convolution. */
#ifndef SMELT_TRANSPOSED_CONVOLUTION_H
#define SMELT_TRANSPOSED_CONVOLUTION_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s16.h"
#include "smelt_rows_s8.h"

/* Images are [batch, height, width, channels]. */
struct smelt_transpose_conv_window {
    int32_t batches, input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    int32_t kernel_height, kernel_width, stride_height, stride_width;
    int32_t pad_top, pad_left; /* rows and columns that are cut off before the output */
};

struct smelt_transpose_conv_f32_parameters {
    struct smelt_transpose_conv_window window;
    const float *bias; /* one an output channel; NULL: none */
    float low, high;
};

struct smelt_transpose_conv_s8_parameters {
    struct smelt_transpose_conv_window window;
    struct smelt_rows_s8 rows;
    int32_t input_zero_point;
};

struct smelt_transpose_conv_s16_parameters {
    struct smelt_transpose_conv_window window;
    struct smelt_rows_s16 rows;
};

/* weights: [output channels, kernel height, kernel width, input channels] */
SMELT_CODE_SECTION
void smelt_transpose_conv_f32(float *output, const float *input, const float *weights,
                              const struct smelt_transpose_conv_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_transpose_conv_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                             const struct smelt_transpose_conv_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_transpose_conv_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                              const struct smelt_transpose_conv_s16_parameters *parameters);

#endif
