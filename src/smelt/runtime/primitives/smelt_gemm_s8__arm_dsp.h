/* Matrix products of int8 values on Arm cores with the DSP extension, and what their users share.
 *
 * Packed weights: for every four output channels c0..c3, words of 32 bits in this order
 *   starts of c1 and c3
 *   for every pair (i, j) of input values, in the order (0,2), (1,3), (4,6), (5,7), ...:
 *     W(c0, c1), W(c2, c3), where each half of W(a, b) holds the exact int16 256 * w[b] + w[a]
 *     of the input values i (low half) and j (high half)
 *   starts of c0 and c2
 *   a multiplier a channel
 * and for every two of those that are left in the same order: start of c1, W(c0, c1) of all pairs, start of c0, two
 * multipliers. Absent channels and input values have zero weights.
 *
 * A product of W with two input values adds 256 * acc[b] + acc[a] to one accumulator, SXTB16 leaves w[a] alone for
 * another one; their difference is 256 * acc[b], exact modulo 2^32. All sums end as 256 * acc + start.
 * Requantization of such a sum s, with the multiplier m and high(x) = floor(x / 2^32):
 *   signed_rounding 0: saturate(high(s * m) >> SMELT_GEMM_SHIFT); the start holds bias, rounding, zero point
 *   signed_rounding 1: r = high((s >> 7) * m + 2^31), r -= r < 0, saturate(high(r * 2^e + 2^31) + zero_point)
 *     with e the lowest byte of s, which is that of the start: it is below 2^7, and no accumulator reaches it
 * Python (operators/convolution/arm_dsp_requantization.py) chooses the form and proves it exact. */
#ifndef SMELT_GEMM_S8_ARM_DSP_H
#define SMELT_GEMM_S8_ARM_DSP_H

#include <stddef.h>
#include <stdint.h>

#include "smelt_placement.h"

#define SMELT_GEMM_SHIFT 9

struct smelt_gemm_s8__arm_dsp {
    const uint32_t *weights; /* packed */
    uint16_t depth;          /* input values of an output, a multiple of 4 */
    uint16_t channels;       /* outputs of a pixel */
    uint8_t signed_rounding;
    int8_t zero_point;       /* of the output */
    int8_t low, high;        /* bounds of the output */
};

/* Words of the packed weights of four channels. */
SMELT_CODE_SECTION
static inline int32_t smelt_gemm_block_words(const struct smelt_gemm_s8__arm_dsp *gemm) {
    return gemm->depth + 8;
}

/* Copy a few bytes. */
SMELT_CODE_SECTION
static inline void smelt_copy_few_s8(int8_t *to, const int8_t *from, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
        __asm volatile(""); /* else compilers call memcpy, which takes more flash than all of this */
    }
}

/* The inputs of pairs of pixels. A field is `count` runs of values, each `words` words of four and `rest` values more; run k
 * of pixel p begins at columns[p] + offsets[p][k]. In the weights' order the words of all runs come first, then the rest of
 * all runs, of which neighbours are a pair. */
struct smelt_fields_s8 {
    const int8_t *columns[2]; /* of the next pair */
    const ptrdiff_t *offsets[2];
    int32_t count, rest, words;
    uint32_t *rests;     /* the place in `pairs` after count * words words: 4 words each */
    uint32_t *pairs;     /* room for both expanded fields, 4 * depth bytes */
    int32_t column_step; /* bytes from a pair's columns to the next one's */
    int32_t output_step; /* from the output of the first pixel to that of the second; 0 where that is not wanted */
};

/* All channels of 2 * count pixels. */
void smelt_gemm_fields_s8__arm_dsp(int8_t *output, struct smelt_fields_s8 *fields, int32_t count,
                                   const struct smelt_gemm_s8__arm_dsp *gemm);

/* Write an int8 vector of `count` values (a multiple of 4) as int16 pairs (0,2), (1,3), (4,6), ... Returns the end of what
 * was written. */
uint32_t *smelt_expand_one_s8__arm_dsp(uint32_t *pairs, const int8_t *values, int32_t count);

/* All channels of one pixel whose inputs smelt_expand_one wrote to `pairs`. */
void smelt_gemm_one_s8__arm_dsp(int8_t *output, const uint32_t *pairs, const struct smelt_gemm_s8__arm_dsp *gemm);

/* Clamp `count` outputs to [low, high] in place, unless that is the whole range. */
void smelt_clamp_s8__arm_dsp(int8_t *output, int32_t count, int32_t low, int32_t high);

#endif
