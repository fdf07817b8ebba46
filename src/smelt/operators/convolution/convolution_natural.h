/* Convolutions with weights as they lie in a model file, for the interpreter. */
#ifndef SMELT_CONVOLUTION_NATURAL_H
#define SMELT_CONVOLUTION_NATURAL_H

#include "smelt_natural_s8.h"
#include "smelt_window.h"

struct smelt_conv_2d_natural_s8_parameters {
    struct smelt_window window;
    struct smelt_natural_s8 natural; /* of the first group; depth: kernel height * width * channels of a group */
    int32_t groups;
    int32_t input_zero_point;
};

/* scratch: SMELT_WIDE_PAIR_WORDS(depth) words, then two times depth bytes. */
SMELT_CODE_SECTION
void smelt_conv_2d_natural_s8(int8_t *output, const int8_t *input,
                              const struct smelt_conv_2d_natural_s8_parameters *parameters, void *scratch);

struct smelt_depthwise_conv_2d_natural_s8_parameters {
    struct smelt_window window;
    const int32_t *bias;   /* NULL: none */
    const int32_t *scales; /* mantissa and shift of each channel */
    int32_t multiplier;
    int8_t input_zero_point, zero_point, low, high;
};

/* Bytes of scratch memory. */
SMELT_CODE_SECTION
int32_t smelt_depthwise_conv_2d_natural_scratch_s8(const struct smelt_window *window);

/* weights: [kernel height, kernel width, output channels] */
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_natural_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                        const struct smelt_depthwise_conv_2d_natural_s8_parameters *parameters,
                                        void *scratch);

#endif
