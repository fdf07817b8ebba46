/* Four sums at a time, each of two multiplications and a shift that saturates. */
#include "elementwise__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"

/* The even or odd bytes of both inputs in the low halves, the other two in the high halves. */
SMELT_CODE_SECTION
static inline int32_t sum_low(int32_t start, int32_t factor_a, uint32_t a, int32_t factor_b, uint32_t b) {
    return smelt_ssat8_asr21(smelt_smlawb(factor_b, b, smelt_smlawb(factor_a, a, start)));
}

SMELT_CODE_SECTION
static inline int32_t sum_high(int32_t start, int32_t factor_a, uint32_t a, int32_t factor_b, uint32_t b) {
    return smelt_ssat8_asr21(smelt_smlawt(factor_b, b, smelt_smlawt(factor_a, a, start)));
}

void smelt_add_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_add_affine_s8_parameters *parameters) {
    int32_t factor_a = parameters->multiplier_a, factor_b = parameters->multiplier_b;
    int32_t start = parameters->start, left = parameters->count;
    /* What stands still is a part of the start. */
    if (parameters->step_a == 0) {
        start = smelt_smlawb(factor_a, (uint32_t)*a << 8, start);
        factor_a = 0;
        a = b;
    }
    if (parameters->step_b == 0) {
        start = smelt_smlawb(factor_b, (uint32_t)*b << 8, start);
        factor_b = 0;
        b = a;
    }
    for (; left >= 4; left -= 4) {
        const uint32_t word_a = smelt_load_word(a), word_b = smelt_load_word(b);
        const uint32_t even_a = smelt_even_bytes(word_a), odd_a = smelt_odd_bytes(word_a);
        const uint32_t even_b = smelt_even_bytes(word_b), odd_b = smelt_odd_bytes(word_b);
        const uint32_t word = smelt_join_bytes(
            sum_low(start, factor_a, even_a, factor_b, even_b), sum_low(start, factor_a, odd_a, factor_b, odd_b),
            sum_high(start, factor_a, even_a, factor_b, even_b), sum_high(start, factor_a, odd_a, factor_b, odd_b));
        smelt_store_word(output, word);
        output += 4;
        a += 4;
        b += 4;
    }
    for (; left > 0; left--) {
        *output++ = (int8_t)sum_low(start, factor_a, (uint32_t)*a++ << 8, factor_b, (uint32_t)*b++ << 8);
    }
}
