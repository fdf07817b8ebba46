/* Dot products of int8 vectors. The sums fit int32 up to 131071 elements. */
#ifndef SMELT_DOT_S8_H
#define SMELT_DOT_S8_H

#include <stdint.h>

static inline int32_t smelt_dot_s8(const int8_t *x, const int8_t *w, int32_t count) {
    int32_t sum = 0;
    for (int32_t k = 0; k < count; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)

/* With eight low registers two vectors at a time, and an index that ends at 0, are what fits. */
#define SMELT_DOT_S8_VECTORS 2

static inline void smelt_dots_s8(int32_t *sums, const int8_t *x, const int8_t *w, int32_t count) {
    const int8_t *x_end = x + count, *w_end = w + count, *w1_end = w_end + count;
    int32_t sum0 = 0, sum1 = 0;
    for (int32_t k = -count; k < 0; k++) {
        const int32_t value = x_end[k];
        sum0 += value * w_end[k];
        sum1 += value * w1_end[k];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}

#else

#define SMELT_DOT_S8_VECTORS 4

/* sums[j] = x . w[j] for SMELT_DOT_S8_VECTORS vectors w, one behind the other; x is loaded once for all. */
static inline void smelt_dots_s8(int32_t *sums, const int8_t *x, const int8_t *w, int32_t count) {
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
