/* Dot products of int8 vectors. The sums fit int32 from 1 to 131071 elements. */
#ifndef SMELT_DOT_S8_H
#define SMELT_DOT_S8_H

#include <stdint.h>

#include "smelt_placement.h"

#if defined(__ARM_FEATURE_DSP)

#include <string.h>

#include "smelt_simd__arm_dsp.h"

/* Four values that need not be aligned. */
SMELT_CODE_SECTION
static inline uint32_t smelt_load_4_s8(const int8_t *values) {
    uint32_t word;
    memcpy(&word, values, 4);
    return word;
}

/* sum + x . w for four values: x as the halves (0, 2) and (1, 3). */
SMELT_CODE_SECTION
static inline int32_t smelt_add_4_s8(int32_t sum, uint32_t even, uint32_t odd, const int8_t *w) {
    const uint32_t word = smelt_load_4_s8(w);
    return smelt_smlad(odd, smelt_sxtb16_ror8(word), smelt_smlad(even, smelt_sxtb16(word), sum));
}

#endif

SMELT_CODE_SECTION
static inline int32_t smelt_dot_s8(const int8_t *x, const int8_t *w, int32_t count) {
    int32_t sum = 0, k = 0;
#if defined(__ARM_FEATURE_DSP)
    for (; k < count - 3; k += 4) {
        const uint32_t word = smelt_load_4_s8(x + k);
        sum = smelt_add_4_s8(sum, smelt_sxtb16(word), smelt_sxtb16_ror8(word), w + k);
    }
#endif
    for (; k < count; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

/* sums[j] = x . w[j] for four vectors w that lie one behind the other; x is loaded once for all. */
#if defined(__ARM_ARCH_6M__) && defined(__GNUC__) && !defined(__OPTIMIZE_SIZE__)

/* Compilers spill here: the loop needs seven of the eight low registers, and sums can be added up in high
 * ones (which gcc forbids with -Os). The index runs up to 0, past pointers to the ends. 22 cycles for four
 * products on a Cortex-M0+. */
SMELT_CODE_SECTION
static inline void smelt_dot_4_s8(int32_t sums[4], const int8_t *x, const int8_t *w, int32_t count) {
    const int8_t *x_end = x + count, *w0 = w + count, *w1 = w0 + count, *w2 = w1 + count, *w3 = w2 + count;
    int32_t k = -count, value, product, sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    __asm__(".syntax unified\n"
            "1:\n"
            "ldrsb %[value], [%[x], %[k]]\n"
            "ldrsb %[product], [%[w0], %[k]]\n"
            "muls %[product], %[value], %[product]\n"
            "add %[sum0], %[product]\n"
            "ldrsb %[product], [%[w1], %[k]]\n"
            "muls %[product], %[value], %[product]\n"
            "add %[sum1], %[product]\n"
            "ldrsb %[product], [%[w2], %[k]]\n"
            "muls %[product], %[value], %[product]\n"
            "add %[sum2], %[product]\n"
            "mov %[product], %[w3]\n"
            "ldrsb %[product], [%[product], %[k]]\n"
            "muls %[product], %[value], %[product]\n"
            "add %[sum3], %[product]\n"
            "adds %[k], #1\n"
            "bne 1b\n"
            : [k] "+l"(k), [value] "=&l"(value), [product] "=&l"(product), [sum0] "+h"(sum0), [sum1] "+h"(sum1),
              [sum2] "+h"(sum2), [sum3] "+h"(sum3)
            : [x] "l"(x_end), [w0] "l"(w0), [w1] "l"(w1), [w2] "l"(w2), [w3] "h"(w3)
            : "cc", "memory");
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#elif defined(__ARM_FEATURE_DSP)

/* 28 cycles for sixteen products on a Cortex-M4. */
SMELT_CODE_SECTION
static inline void smelt_dot_4_s8(int32_t sums[4], const int8_t *x, const int8_t *w, int32_t count) {
    const int8_t *w2 = w + 2 * count; /* w1 and w3 are `count` bytes after w and w2 */
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, left = count;
    for (; left > 3; left -= 4) {
        const uint32_t word = smelt_load_4_s8(x), even = smelt_sxtb16(word), odd = smelt_sxtb16_ror8(word);
        sum0 = smelt_add_4_s8(sum0, even, odd, w);
        sum1 = smelt_add_4_s8(sum1, even, odd, w + count);
        sum2 = smelt_add_4_s8(sum2, even, odd, w2);
        sum3 = smelt_add_4_s8(sum3, even, odd, w2 + count);
        x += 4;
        w += 4;
        w2 += 4;
    }
    for (; left > 0; left--) {
        const int32_t value = *x++;
        sum0 += value * w[0];
        sum1 += value * w[count];
        sum2 += value * w2[0];
        sum3 += value * w2[count];
        w++;
        w2++;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#else

SMELT_CODE_SECTION
static inline void smelt_dot_4_s8(int32_t sums[4], const int8_t *x, const int8_t *w, int32_t count) {
    const int8_t *w1 = w + count, *w2 = w1 + count, *w3 = w2 + count;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (int32_t k = 0; k < count; k++) {
        const int32_t value = x[k];
        sum0 += value * w[k];
        sum1 += value * w1[k];
        sum2 += value * w2[k];
        sum3 += value * w3[k];
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#endif
#endif
