/* Inner products in little code, on Arm cores with the DSP extension.
 *
 * Packed weights: for every four output channels c0..c3, words of 32 bits in this order
 *   starts of c1 and c3
 *   for every pair (i, j) of input values, in the order (0,2), (1,3), (4,6), (5,7), ...:
 *     W(c0, c1), W(c2, c3), where each half of W(a, b) holds the exact int16 256 * w[b] + w[a]
 *     of the input values i (low half) and j (high half)
 *   starts of c0 and c2
 *   a multiplier a channel
 * Absent channels and input values have zero weights. A product of W with two input values adds 256 * acc[b] + acc[a] to
 * one accumulator, SXTB16 leaves w[a] alone for another one; their difference is 256 * acc[b], exact modulo 2^32. All sums
 * end as 256 * acc + start. Requantization of such a sum s, with the multiplier m and high(x) = floor(x / 2^32):
 *   signed_rounding 0: saturate(high(s * m) >> SMELT_COMPACT_SHIFT); the start holds bias, rounding, zero point
 *   signed_rounding 1: r = high((s >> 7) * m + 2^31), r -= r < 0, clamp(high(r * 2^e + 2^31) + zero_point)
 *     with e the lowest byte of s, which is that of the start: it is below 2^7, and no accumulator reaches it
 * Python (operators/convolution/arm_dsp_requantization.py) chooses the form and proves it exact. */
#ifndef SMELT_COMPACT_S8_ARM_DSP_H
#define SMELT_COMPACT_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

#define SMELT_COMPACT_SHIFT 9

struct smelt_compact_s8__arm_dsp {
    const uint32_t *weights; /* packed */
    uint16_t depth;          /* input values of an output, a multiple of 4; of a depthwise convolution its taps */
    uint16_t channels;       /* outputs of a pixel */
    uint8_t signed_rounding;
    uint8_t uniform;         /* all channels have one multiplier: four times in front of the weights, not among them */
    int8_t zero_point;       /* of the output */
    int8_t low, high;        /* bounds of the output; all of int8 without signed_rounding */
};

/* All channels of two pixels, with multipliers that are not uniform; `values` has `depth` input values of each, then room
 * for 4 * depth bytes, and is aligned to words. The second pixel goes to `output + step`, unless step is 0. */
void smelt_compact_gemm_two_s8__arm_dsp(int8_t *output, int8_t *values, int32_t step,
                                        const struct smelt_compact_s8__arm_dsp *gemm);

/* All channels of one pixel. */
void smelt_compact_gemm_one_s8__arm_dsp(int8_t *output, const int8_t *values,
                                        const struct smelt_compact_s8__arm_dsp *gemm);

/* All channels, at least four, of `count` pixels side by side, each from the same channel of `depth` taps: those of pixel
 * i are i * step bytes from where `taps` shows. The weights have for every four channels their starts, a word of four
 * weights a tap, a multiplier a channel; the last four overlap those before where channels are not fours. Returns the end
 * of what was written. */
int8_t *smelt_compact_depthwise_s8__arm_dsp(int8_t *output, const int8_t *const *taps,
                                            const struct smelt_compact_s8__arm_dsp *gemm, int32_t count, int32_t step);

/* The signed form of requantization of four sums, the first output in the lowest byte. */
uint32_t smelt_compact_round_twice_s8__arm_dsp(const int32_t *sums, const uint32_t *multipliers,
                                               const struct smelt_compact_s8__arm_dsp *gemm);

/* Copy `count` values, at least one; returns the end of what was written. */
int8_t *smelt_copy_values_s8__arm_dsp(int8_t *to, const int8_t *from, int32_t count);

#if !defined(__ARM_FEATURE_DSP)

/* The output of a sum, for the twins of the assembly. */
int8_t smelt_compact_output_s8__arm_dsp(int32_t sum, uint32_t multiplier, const struct smelt_compact_s8__arm_dsp *gemm);

#endif

#endif
