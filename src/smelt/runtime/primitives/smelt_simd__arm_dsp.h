/* Single instructions of Arm's DSP extension, and their meaning in C for other cores. */
#ifndef SMELT_SIMD_ARM_DSP_H
#define SMELT_SIMD_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

#if defined(__ARM_FEATURE_DSP)

/* The bytes 0 and 2 as int16 halves. */
SMELT_CODE_SECTION
static inline uint32_t smelt_sxtb16(uint32_t word) {
    uint32_t result;
    __asm("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
}

/* The bytes 1 and 3 as int16 halves. */
SMELT_CODE_SECTION
static inline uint32_t smelt_sxtb16_ror8(uint32_t word) {
    uint32_t result;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
}

/* The sums of int16 halves, modulo 2^16. */
SMELT_CODE_SECTION
static inline uint32_t smelt_sadd16(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* The differences of int16 halves, modulo 2^16. */
SMELT_CODE_SECTION
static inline uint32_t smelt_ssub16(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* On int16 halves: a + the bytes 0 and 2 of word. */
SMELT_CODE_SECTION
static inline uint32_t smelt_sxtab16(uint32_t a, uint32_t word) {
    uint32_t result;
    __asm("sxtab16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(word));
    return result;
}

/* On int16 halves: a + the bytes 1 and 3 of word. */
SMELT_CODE_SECTION
static inline uint32_t smelt_sxtab16_ror8(uint32_t a, uint32_t word) {
    uint32_t result;
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(a), "r"(word));
    return result;
}

/* sum + a.low * b.low + a.high * b.high on int16 halves, modulo 2^32. */
SMELT_CODE_SECTION
static inline int32_t smelt_smlad(uint32_t a, uint32_t b, int32_t sum) {
    int32_t result;
    __asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + a.low * b.low on int16 halves, modulo 2^32. */
SMELT_CODE_SECTION
static inline int32_t smelt_smlabb(uint32_t a, uint32_t b, int32_t sum) {
    int32_t result;
    __asm("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* sum + a.high * b.high on int16 halves, modulo 2^32. */
SMELT_CODE_SECTION
static inline int32_t smelt_smlatt(uint32_t a, uint32_t b, int32_t sum) {
    int32_t result;
    __asm("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* floor(a * b / 2^32) */
SMELT_CODE_SECTION
static inline int32_t smelt_smmul(int32_t a, int32_t b) {
    int32_t result;
    __asm("smmul %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* floor(a * b / 2^32 + 1/2) */
SMELT_CODE_SECTION
static inline int32_t smelt_smmulr(int32_t a, int32_t b) {
    int32_t result;
    __asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* value saturated to int8. */
SMELT_CODE_SECTION
static inline int32_t smelt_ssat8(int32_t value) {
    int32_t result;
    __asm("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}

/* value / 2^9, rounded down, saturated to int8. */
SMELT_CODE_SECTION
static inline int32_t smelt_ssat8_asr9(int32_t value) {
    int32_t result;
    __asm("ssat %0, #8, %1, asr #9" : "=r"(result) : "r"(value));
    return result;
}

#else

SMELT_CODE_SECTION
static inline uint32_t smelt_sxtb16(uint32_t word) {
    const int32_t low = (int8_t)(word & 0xFFu), high = (int8_t)((word >> 16) & 0xFFu);
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

SMELT_CODE_SECTION
static inline uint32_t smelt_sxtb16_ror8(uint32_t word) {
    return smelt_sxtb16(word >> 8);
}

SMELT_CODE_SECTION
static inline uint32_t smelt_sadd16(uint32_t a, uint32_t b) {
    return ((a + b) & 0xFFFFu) | (((a >> 16) + (b >> 16)) << 16);
}

SMELT_CODE_SECTION
static inline uint32_t smelt_ssub16(uint32_t a, uint32_t b) {
    return ((a - b) & 0xFFFFu) | (((a >> 16) - (b >> 16)) << 16);
}

SMELT_CODE_SECTION
static inline uint32_t smelt_sxtab16(uint32_t a, uint32_t word) {
    const uint32_t b = smelt_sxtb16(word);
    return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

SMELT_CODE_SECTION
static inline uint32_t smelt_sxtab16_ror8(uint32_t a, uint32_t word) {
    return smelt_sxtab16(a, word >> 8);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smlabb(uint32_t a, uint32_t b, int32_t sum) {
    const int32_t product = (int16_t)(a & 0xFFFFu) * (int16_t)(b & 0xFFFFu);
    return (int32_t)((uint32_t)sum + (uint32_t)product);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smlatt(uint32_t a, uint32_t b, int32_t sum) {
    return smelt_smlabb(a >> 16, b >> 16, sum);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smlad(uint32_t a, uint32_t b, int32_t sum) {
    return smelt_smlatt(a, b, smelt_smlabb(a, b, sum));
}

SMELT_CODE_SECTION
static inline int32_t smelt_smmul(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b) >> 32);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smmulr(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
}

SMELT_CODE_SECTION
static inline int32_t smelt_ssat8(int32_t value) {
    return value < -128 ? -128 : value > 127 ? 127 : value;
}

SMELT_CODE_SECTION
static inline int32_t smelt_ssat8_asr9(int32_t value) {
    return smelt_ssat8(value >> 9);
}

#endif

/* The two forms of requantization of a sum of 256 * accumulator + start (smelt_gemm_s8__arm_dsp.h). */
SMELT_CODE_SECTION
static inline int8_t smelt_round_once(int32_t sum, int32_t multiplier) {
    return (int8_t)smelt_ssat8_asr9(smelt_smmul(sum, multiplier));
}

SMELT_CODE_SECTION
static inline int8_t smelt_round_twice(int32_t sum, int32_t multiplier, int32_t divisor, int32_t zero_point) {
    int32_t r = smelt_smmulr(sum >> 7, multiplier);
    r += r >> 31;
    return (int8_t)smelt_ssat8(smelt_smmulr(r, divisor) + zero_point);
}

#endif
