/* conv_2d and depthwise_conv_2d of int16 data and int8 weights on Arm cores with the DSP extension; see convolution.h. */
#ifndef SMELT_CONVOLUTION_S16_ARM_DSP_H
#define SMELT_CONVOLUTION_S16_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s16__arm_dsp.h"
#include "smelt_narrow_s16__arm_dsp.h"
#include "smelt_placement.h"
#include "smelt_window.h"

struct smelt_conv_2d_s16__arm_dsp_parameters {
    struct smelt_window window; /* its input channels are counted in bytes */
    struct smelt_gemm_s16__arm_dsp gemm;
    struct smelt_narrow_s16__arm_dsp outputs;
    int32_t gather;             /* 0: every field is one run inside the input, of gemm.depth values */
};

struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters {
    struct smelt_window window; /* its input channels are counted in bytes */
    struct smelt_narrow_s16__arm_dsp outputs;
    const uint32_t *weights;    /* for every two channels c, d and two taps t, u a word: from the lowest byte on the
                                   weights of c at t, d at t, c at u, d at u; absent ones are zero */
    int32_t taps;               /* of a kernel, rounded up to even */
};

/* scratch: two fields of gemm.depth values. */
SMELT_CODE_SECTION
void smelt_conv_2d_s16__arm_dsp(int16_t *output, const int16_t *input,
                                const struct smelt_conv_2d_s16__arm_dsp_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_s16__arm_dsp(int16_t *output, const int16_t *input,
                                     const struct smelt_conv_2d_s16__arm_dsp_parameters *parameters, void *scratch,
                                     int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* One output channel an input channel, an even number of them. scratch: a field of `taps` times the channels. */
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s16__arm_dsp(int16_t *output, const int16_t *input,
                                          const struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters *parameters,
                                          void *scratch);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_s16__arm_dsp(
    int16_t *output, const int16_t *input, const struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
