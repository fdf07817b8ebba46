/* Convolutions on Arm cores with the DSP extension: weights packed for the core by operators/convolution/arm_dsp.py. */
#ifndef SMELT_CONVOLUTION_ARM_DSP_H
#define SMELT_CONVOLUTION_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"
#include "smelt_window.h"

struct smelt_conv_2d_s8__arm_dsp_parameters {
    struct smelt_window window;
    struct smelt_gemm_s8__arm_dsp gemm; /* depth: kernel height * width * channels, rounded up to fours */
    int32_t pitch;                      /* bytes from one field to the next where each is one run of words, else 0 */
    int32_t pad;                        /* the input zero point */
    int32_t pad_bytes;                  /* the longest run of pads that is read */
    int32_t low, high;                  /* bounds of the output */
};

/* scratch: 4 * depth bytes of expanded inputs; then 2 * depth bytes where the input channels are not a multiple
 * of 4, else pad_bytes. */
void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch);

/* One dimension of a depthwise convolution. */
struct smelt_depthwise_axis {
    int32_t inputs, outputs;
    int32_t kernel, stride, pad;
    int32_t input_step, output_step; /* bytes from one value to the next */
};

/* Lines run along one dimension, rows are counted along the other. A channel's record: start, multiplier, the
 * divisor when `signed_rounding` (smelt_gemm_s8__arm_dsp.h has their meaning), then for each row of the kernel words
 * of four taps, bytes w0, w2, w1, w3; of 3 x 3 kernels with a stride of 1 or 2 along lines, `compact`, bytes w0, w1, w1, w2. */
struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters {
    const uint32_t *records;
    struct smelt_depthwise_axis line, row;
    int32_t batches, channels, multiplier; /* output channels an input channel */
    int32_t record_words;
    int32_t line_words; /* of two input values each, pads included */
    int32_t compact;
    int32_t pad;        /* the input zero point */
    int32_t signed_rounding, zero_point;
    int32_t low, high;  /* bounds of the output */
};

/* scratch: words, 4 * kernel rows * line_words of lines, the outputs of a line rounded up to fours, and,
 * unless compact, 2 * kernel rows * (taps / 2 + 1) of weights. */
void smelt_depthwise_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                                         const struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters *parameters,
                                         void *scratch);

#endif
