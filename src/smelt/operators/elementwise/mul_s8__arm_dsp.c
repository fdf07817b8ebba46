/* Four products at a time, each rounded twice as smelt_requantize does it. */
#include "elementwise__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"

SMELT_CODE_SECTION
static inline uint32_t twice(uint32_t halves) {
    return smelt_sadd16(halves, halves);
}

/* The output of twice a product; divisor is 2^(32 + shift). */
SMELT_CODE_SECTION
static inline int32_t rounded(int32_t doubled, int32_t mantissa, int32_t divisor, int32_t zero_point) {
    int32_t high = smelt_smmulr(doubled, mantissa);
    high += high >> 31;
    return smelt_ssat8(smelt_smmlar(high, divisor, zero_point));
}

void smelt_mul_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_mul_s8_parameters *parameters) {
    const int32_t mantissa = parameters->mantissa, divisor = 1 << (32 + parameters->shift);
    const int32_t zero_point = parameters->zero_point;
    const uint32_t zero_a = ((uint32_t)parameters->zero_point_a & 0xFFFFu) * 0x10001u;
    const uint32_t zero_b = ((uint32_t)parameters->zero_point_b & 0xFFFFu) * 0x10001u;
    const int32_t advance_a = 4 * parameters->step_a, advance_b = 4 * parameters->step_b;
    int8_t repeated[2][4];
    int32_t left = parameters->count;
    if (advance_a == 0) { /* a scalar, as if there were four */
        smelt_store_word(repeated[0], smelt_four_bytes(*a));
        a = repeated[0];
    }
    if (advance_b == 0) {
        smelt_store_word(repeated[1], smelt_four_bytes(*b));
        b = repeated[1];
    }
    for (; left >= 4; left -= 4) {
        const uint32_t word_a = smelt_load_word(a), word_b = smelt_load_word(b);
        const uint32_t even_a = twice(smelt_ssub16(smelt_sxtb16(word_a), zero_a));
        const uint32_t even_b = smelt_ssub16(smelt_sxtb16(word_b), zero_b);
        const uint32_t odd_a = twice(smelt_ssub16(smelt_sxtb16_ror8(word_a), zero_a));
        const uint32_t odd_b = smelt_ssub16(smelt_sxtb16_ror8(word_b), zero_b);
        const uint32_t word = smelt_join_bytes(rounded(smelt_smulbb(even_a, even_b), mantissa, divisor, zero_point),
                                               rounded(smelt_smulbb(odd_a, odd_b), mantissa, divisor, zero_point),
                                               rounded(smelt_smultt(even_a, even_b), mantissa, divisor, zero_point),
                                               rounded(smelt_smultt(odd_a, odd_b), mantissa, divisor, zero_point));
        smelt_store_word(output, word);
        output += 4;
        a += advance_a;
        b += advance_b;
    }
    for (int32_t i = 0; i < left; i++) {
        const int32_t product = (a[i] - parameters->zero_point_a) * (b[i] - parameters->zero_point_b);
        output[i] = (int8_t)rounded(2 * product, mantissa, divisor, zero_point);
    }
}
