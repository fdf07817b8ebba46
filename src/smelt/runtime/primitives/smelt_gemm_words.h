/* The packed words of smelt_gemm_s8__arm_dsp.h in portable C: the twin of the assembly, bit for bit. */
#ifndef SMELT_GEMM_WORDS_H
#define SMELT_GEMM_WORDS_H

#include "smelt_gemm_s8__arm_dsp.h"

/* Two int16 values in one word. */
SMELT_CODE_SECTION
static inline uint32_t smelt_pair(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

/* The sum of the products of both halves; the products of int16 never overflow, the sum is modulo 2^32. */
SMELT_CODE_SECTION
static inline uint32_t smelt_pair_product(uint32_t a, uint32_t b) {
    return (uint32_t)((int16_t)(a & 0xFFFFu) * (int16_t)(b & 0xFFFFu)) +
           (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16));
}

/* The low bytes of both halves, sign extended (SXTB16). */
SMELT_CODE_SECTION
static inline uint32_t smelt_low_bytes(uint32_t word) {
    return smelt_pair((int8_t)(word & 0xFFu), (int8_t)((word >> 16) & 0xFFu));
}

SMELT_CODE_SECTION
static inline int8_t smelt_gemm_saturate(int32_t value) {
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

SMELT_CODE_SECTION
static inline int8_t smelt_gemm_requantize(uint32_t sum, uint32_t multiplier, const struct smelt_gemm_s8__arm_dsp *gemm) {
    const int64_t half = (int64_t)1 << 31, s = (int32_t)sum, m = (int32_t)multiplier;
    if (!gemm->signed_rounding) {
        return smelt_gemm_saturate((int32_t)((s * m) >> 32) >> SMELT_GEMM_SHIFT);
    }
    int64_t r = ((s >> 7) * m + half) >> 32;
    r -= r < 0;
    return smelt_gemm_saturate((int32_t)((r * ((int64_t)1 << (sum & 0xFFu)) + half) >> 32) + gemm->zero_point);
}

/* Two sums of each two channels: words of weights, and the words of input values that belong to them. */
struct smelt_gemm_sums {
    uint32_t both[2], even[2];
};

SMELT_CODE_SECTION
static inline void smelt_gemm_add(struct smelt_gemm_sums *sums, const uint32_t *weights, uint32_t values) {
    for (int32_t k = 0; k < 2; k++) {
        sums->both[k] += smelt_pair_product(weights[k], values);
        sums->even[k] += smelt_pair_product(smelt_low_bytes(weights[k]), values);
    }
}

/* Outputs of four channels; `starts` points to what follows their weights. */
SMELT_CODE_SECTION
static inline void smelt_gemm_finish(int8_t *output, const struct smelt_gemm_sums *sums, const uint32_t *starts,
                                     const struct smelt_gemm_s8__arm_dsp *gemm) {
    for (int32_t c = 0; c < 4; c++) {
        const uint32_t even = sums->even[c / 2];
        const uint32_t sum = c % 2 == 0 ? starts[c / 2] + (even << 8) : sums->both[c / 2] - even;
        output[c] = smelt_gemm_requantize(sum, starts[2 + c], gemm);
    }
}

/* Four channels of one pixel; `stride` words from one pair of its input values to the next. */
SMELT_CODE_SECTION
static inline void smelt_gemm_block(int8_t *output, const uint32_t *pairs, int32_t stride, const uint32_t *weights,
                                    const struct smelt_gemm_s8__arm_dsp *gemm) {
    struct smelt_gemm_sums sums = {{weights[0], weights[1]}, {0, 0}};
    weights += 2;
    for (int32_t i = 0; i < gemm->depth / 2; i++) {
        smelt_gemm_add(&sums, weights, pairs[i * stride]);
        weights += 2;
    }
    smelt_gemm_finish(output, &sums, weights, gemm);
}

/* The outputs of one pixel; its pairs of input values are every second word. */
SMELT_CODE_SECTION
static inline void smelt_gemm_pixel(int8_t *output, const uint32_t *pairs, const struct smelt_gemm_s8__arm_dsp *gemm) {
    const uint32_t *weights = gemm->weights;
    int32_t left = gemm->channels;
    for (; left >= 4; left -= 4) {
        smelt_gemm_block(output, pairs, 2, weights, gemm);
        weights += smelt_gemm_block_words(gemm);
        output += 4;
    }
    for (; left > 0; left -= 2) {
        uint32_t both = *weights++, even = 0;
        for (int32_t i = 0; i < gemm->depth; i += 2) {
            both += smelt_pair_product(*weights, pairs[i]);
            even += smelt_pair_product(smelt_low_bytes(*weights++), pairs[i]);
        }
        *output++ = smelt_gemm_requantize(weights[0] + (even << 8), weights[1], gemm);
        if (left > 1) {
            *output++ = smelt_gemm_requantize(both - even, weights[2], gemm);
        }
        weights += 3;
    }
}

#endif
