/* Convolutions on Arm cores with the DSP extension: weights packed for the core by operators/convolution/arm_dsp.py. */
#ifndef SMELT_CONVOLUTION_ARM_DSP_H
#define SMELT_CONVOLUTION_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"
#include "smelt_window.h"

struct smelt_conv_2d_s8__arm_dsp_parameters {
    struct smelt_window window;
    struct smelt_gemm_s8__arm_dsp gemm; /* depth: kernel height * width * channels, rounded up to fours */
    int32_t pad;                        /* the input zero point */
    int32_t pad_bytes;                  /* the longest run of pads that is read */
    int32_t low, high;                  /* bounds of the output */
};

/* scratch: 4 * depth bytes of expanded inputs; then 2 * depth bytes of two fields where the channels are not a
 * multiple of 4; then, where a field reaches over an edge, the longest run of pads that is read. */
void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch);

#endif
