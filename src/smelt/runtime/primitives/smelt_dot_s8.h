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

/* sums[j] = x . w[j], four vectors w that lie `step` elements apart: x is loaded once for all. */
static inline void smelt_dot_4_s8(int32_t sums[4], const int8_t *x, const int8_t *w, int32_t step, int32_t count) {
    const int8_t *w1 = w + step, *w2 = w1 + step, *w3 = w2 + step;
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
