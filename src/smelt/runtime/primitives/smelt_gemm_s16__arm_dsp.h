/* Vectors of int16 values times rows of int8 weights, on Arm cores with the DSP extension.
 *
 * Packed weights: for every two channels, for every four values i .. i + 3 a word of each channel, whose bytes from the
 * lowest on are the weights of i, i + 2, i + 1, i + 3: SXTB16 leaves those of i and i + 1, and with ROR #8 those of
 * i + 2 and i + 3. Absent channels and values have zero weights. */
#ifndef SMELT_GEMM_S16_ARM_DSP_H
#define SMELT_GEMM_S16_ARM_DSP_H

#include <stdint.h>

#include "smelt_narrow_s16__arm_dsp.h"
#include "smelt_placement.h"

struct smelt_gemm_s16__arm_dsp {
    const uint32_t *weights; /* packed */
    int32_t depth;           /* values, a multiple of 4 */
    int32_t channels;
};

/* All channels of two vectors. */
SMELT_CODE_SECTION
void smelt_gemm_two_s16__arm_dsp(int16_t *output_0, int16_t *output_1, const int16_t *values_0,
                                 const int16_t *values_1, const struct smelt_gemm_s16__arm_dsp *gemm,
                                 const struct smelt_narrow_s16__arm_dsp *outputs);

/* All channels of one vector. */
SMELT_CODE_SECTION
void smelt_gemm_one_s16__arm_dsp(int16_t *output, const int16_t *values, const struct smelt_gemm_s16__arm_dsp *gemm,
                                 const struct smelt_narrow_s16__arm_dsp *outputs);

#endif
