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
static inline int32_t smelt_gemm_block_words(int32_t depth, int32_t signed_rounding) {
    return depth + (signed_rounding ? 12 : 8);
}

SMELT_CODE_SECTION
static inline int8_t smelt_gemm_requantize(uint32_t sum, const uint32_t *multiplier, int32_t signed_rounding,
                                           int32_t zero_point) {
    const int64_t half = (int64_t)1 << 31, s = (int32_t)sum, m = (int32_t)multiplier[0];
    if (!signed_rounding) {
        return smelt_gemm_saturate((int32_t)((s * m) >> 32) >> SMELT_GEMM_SHIFT);
    }
    int64_t r = ((s >> 7) * m + half) >> 32;
    r -= r < 0;
    return smelt_gemm_saturate((int32_t)((r * (int32_t)multiplier[1] + half) >> 32) + zero_point);
}

/* Four channels of one pixel; `stride` words from one pair of its input values to the next. */
SMELT_CODE_SECTION
static inline void smelt_gemm_block(int8_t *output, const uint32_t *pairs, int32_t stride, const uint32_t *weights,
                                    int32_t depth, int32_t signed_rounding, int32_t zero_point) {
    const uint32_t *const starts = weights + 2 + depth;
    for (int32_t c = 0; c < 4; c += 2) {
        uint32_t both = weights[c / 2], even = 0;
        for (int32_t i = 0; i < depth / 2; i++) {
            const uint32_t w = weights[2 + 2 * i + c / 2], x = pairs[i * stride];
            both += smelt_pair_product(w, x);
            even += smelt_pair_product(smelt_low_bytes(w), x);
        }
        const uint32_t sums[2] = {starts[c / 2] + (even << 8), both - even};
        for (int32_t k = 0; k < 2; k++) {
            const uint32_t *const multiplier = starts + 2 + (c + k) * (signed_rounding ? 2 : 1);
            output[c + k] = smelt_gemm_requantize(sums[k], multiplier, signed_rounding, zero_point);
        }
    }
}

#endif
