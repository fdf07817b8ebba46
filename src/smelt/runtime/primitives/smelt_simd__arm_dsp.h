/* Single instructions of Arm's DSP extension, and their meaning in C for other cores. */
#ifndef SMELT_SIMD_ARM_DSP_H
#define SMELT_SIMD_ARM_DSP_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP)

/* sum + a.low * b.low + a.high * b.high on int16 halves, modulo 2^32. */
static inline int32_t smelt_smlad(uint32_t a, uint32_t b, int32_t sum) {
    int32_t result;
    __asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* The bytes 0 and 2 as int16 halves. */
static inline uint32_t smelt_sxtb16(uint32_t word) {
    uint32_t result;
    __asm("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
}

/* floor(a * b / 2^32) */
static inline int32_t smelt_smmul(int32_t a, int32_t b) {
    int32_t result;
    __asm("smmul %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* floor(a * b / 2^32 + 1/2) */
static inline int32_t smelt_smmulr(int32_t a, int32_t b) {
    int32_t result;
    __asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* value saturated to int8. */
static inline int32_t smelt_ssat8(int32_t value) {
    int32_t result;
    __asm("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}

/* value / 2^9, rounded down, saturated to int8. */
static inline int32_t smelt_ssat8_asr9(int32_t value) {
    int32_t result;
    __asm("ssat %0, #8, %1, asr #9" : "=r"(result) : "r"(value));
    return result;
}

#else

static inline int32_t smelt_smlad(uint32_t a, uint32_t b, int32_t sum) {
    const int32_t low = (int16_t)(a & 0xFFFFu) * (int16_t)(b & 0xFFFFu);
    const int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
}

static inline uint32_t smelt_sxtb16(uint32_t word) {
    const int32_t low = (int8_t)(word & 0xFFu), high = (int8_t)((word >> 16) & 0xFFu);
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

static inline int32_t smelt_smmul(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b) >> 32);
}

static inline int32_t smelt_smmulr(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
}

static inline int32_t smelt_ssat8(int32_t value) {
    return value < -128 ? -128 : value > 127 ? 127 : value;
}

static inline int32_t smelt_ssat8_asr9(int32_t value) {
    return smelt_ssat8(value >> 9);
}

#endif

#endif
