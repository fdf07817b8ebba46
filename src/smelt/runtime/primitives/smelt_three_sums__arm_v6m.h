/* Three sums in two words, for Arm cores without a DSP extension: with the inputs x0, x1, x2 the words
 *   P = x0 + 2^10 * x1 and Q = x2 + 2^21 * x1
 * times a weight add up, modulo 2^32, to S0 + 2^10 * S1 and S2 + 2^21 * S1. While each S is within +-(2^20 - 2^10), all
 * three can be told apart: the top of the second word is S1 modulo 2^11, the first one has S1 to within 2^10.
 * So three products cost two multiplications, and weights stay bytes. */
#ifndef SMELT_THREE_SUMS_ARM_V6M_H
#define SMELT_THREE_SUMS_ARM_V6M_H

#include <stdint.h>

/* The inputs as words P and Q. */
static inline uint32_t smelt_word_p(int32_t x0, int32_t x1) {
    return (uint32_t)x0 + ((uint32_t)x1 << 10);
}

static inline uint32_t smelt_word_q(int32_t x1, int32_t x2) {
    return (uint32_t)x2 + ((uint32_t)x1 << 21);
}

/* The lowest bits of a word as a signed number; `drop` is 32 less their count. */
static inline int32_t smelt_low_bits(uint32_t word, int32_t drop) {
    return (int32_t)(word << drop) >> drop;
}

/* The three sums in a P and a Q word. */
static inline void smelt_three_sums(int32_t *sums, uint32_t p, uint32_t q) {
    const int32_t low = ((int32_t)q >> 21) + (int32_t)(q >> 20 & 1), near = (int32_t)p >> 10;
    const int32_t s1 = near + smelt_low_bits((uint32_t)low - (uint32_t)near, 21);
    sums[0] = (int32_t)(p - ((uint32_t)s1 << 10));
    sums[1] = s1;
    sums[2] = (int32_t)(q - ((uint32_t)low << 21));
}

#if defined(__ARM_ARCH_6M__)

/* smelt_three_sums in assembly: from the registers p and q to [r7], which advances; r2 must be 0, r3-r6 are lost.
 * The carry of a shift is the bit below, which rounds. */
#define SMELT_THREE_SUMS(p, q) \
    "mov     r6, " q "\n"          \
    "asrs    r3, r6, #21\n"        \
    "adcs    r3, r2\n"             \
    "lsls    r4, r3, #21\n"        \
    "subs    r6, r6, r4\n"         \
    "mov     r4, " p "\n"          \
    "asrs    r5, r4, #10\n"        \
    "subs    r3, r3, r5\n"         \
    "lsls    r3, r3, #21\n"        \
    "asrs    r3, r3, #21\n"        \
    "adds    r5, r5, r3\n"         \
    "lsls    r3, r5, #10\n"        \
    "subs    r4, r4, r3\n"         \
    "stmia   r7!, {r4, r5, r6}\n"

#endif
#endif
