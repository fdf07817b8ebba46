/* Matrix products of pixels with few input values: all of a block of four channels without a loop. */
#ifndef SMELT_GEMM_SHORT_S8_ARM_DSP_H
#define SMELT_GEMM_SHORT_S8_ARM_DSP_H

#include "smelt_gemm_s8__arm_dsp.h"

struct smelt_gemm_short_s8 {
    const struct smelt_gemm_s8__arm_dsp *gemm; /* signed_rounding 0; channels: a multiple of 4 */
    const uint32_t *last;  /* the last word of its weights */
    uint32_t *pairs;       /* room for both expanded pixels, 4 * depth bytes */
    int32_t input_step;    /* from the first pixel's values to the second's: the depth; 0 for one pixel alone */
    int32_t output_step;   /* the same of outputs: the channels, or 0 */
};

/* All channels of 2 * count pixels, whose depth is the number in the name. */
void smelt_gemm_short_8_s8__arm_dsp(int8_t *output, const int8_t *input, int32_t count,
                                    const struct smelt_gemm_short_s8 *pixels);
void smelt_gemm_short_16_s8__arm_dsp(int8_t *output, const int8_t *input, int32_t count,
                                     const struct smelt_gemm_short_s8 *pixels);
void smelt_gemm_short_32_s8__arm_dsp(int8_t *output, const int8_t *input, int32_t count,
                                     const struct smelt_gemm_short_s8 *pixels);

#endif
