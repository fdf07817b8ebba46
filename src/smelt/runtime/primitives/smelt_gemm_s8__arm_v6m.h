/* Matrix products of int8 values where a 32-bit multiplication is all there is for them: in assembly for Armv6-M, in C
 * for Armv7-M and RISC-V; and what their users share.
 *
 * Six pixels make four words an input: P and Q of the first three, P and Q of the others (smelt_three_sums__arm_v6m.h).
 * Sums that could be too large to be told apart are made of segments; Python
 * (operators/convolution/arm_v6m_packing.py) chooses their length by the weights. */
#ifndef SMELT_GEMM_S8_ARM_V6M_H
#define SMELT_GEMM_S8_ARM_V6M_H

#include <stdint.h>

#include "smelt_requantize_s8__arm_v6m.h"
#include "smelt_three_sums__arm_v6m.h"

#define SMELT_GEMM_PIXELS 6 /* computed together */
#define SMELT_GEMM_BLOCK 4  /* channels that share a call */

struct smelt_gemm_s8__arm_v6m {
    const uint32_t *weights; /* blocks of up to 4 channels: segments: channels: words of four weights */
    const uint32_t *records; /* smelt_requantize_s8__arm_v6m.h */
    int32_t depth;           /* inputs of a sum, a multiple of 4 */
    int32_t segment;         /* inputs of a segment, a multiple of 4 */
    int32_t channels;
    int32_t shift;           /* of the requantization */
};

#define SMELT_GEMM_SUMS_BYTES (2 * 4 * SMELT_GEMM_BLOCK * SMELT_GEMM_PIXELS)

/* Write the words of `count` inputs, at least 1, of each of six pixels. Returns their end. */
uint32_t *smelt_expand_six_s8__arm_v6m(uint32_t *words, const int8_t *const pixels[SMELT_GEMM_PIXELS], int32_t count);

/* All channels of `count` of the six pixels in `words`; a pixel's outputs follow those of the one before. `sums` has
 * room for SMELT_GEMM_SUMS_BYTES. */
void smelt_gemm_six_s8__arm_v6m(int8_t *output, const uint32_t *words, int32_t count, int32_t *sums,
                                const struct smelt_gemm_s8__arm_v6m *gemm);

#endif
