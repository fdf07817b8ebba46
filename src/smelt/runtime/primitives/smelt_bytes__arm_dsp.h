/* Four int8 values in a word: instructions of Arm's DSP extension, and their meaning in C for other cores. */
#ifndef SMELT_BYTES_ARM_DSP_H
#define SMELT_BYTES_ARM_DSP_H

#include <stdint.h>
#include <string.h>

#include "smelt_placement.h"
#include "smelt_simd__arm_dsp.h"

/* Words need not be aligned. */
SMELT_CODE_SECTION
static inline uint32_t smelt_load_word(const int8_t *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

SMELT_CODE_SECTION
static inline void smelt_store_word(int8_t *to, uint32_t word) {
    memcpy(to, &word, sizeof word);
}

/* The same byte four times. */
SMELT_CODE_SECTION
static inline uint32_t smelt_four_bytes(int32_t value) {
    return ((uint32_t)value & 0xFFu) * 0x01010101u;
}

/* Bytes 1 and 3 as int16 halves that are 256 times as large. */
SMELT_CODE_SECTION
static inline uint32_t smelt_odd_bytes(uint32_t word) {
    return word & 0xFF00FF00u;
}

#if defined(__ARM_FEATURE_DSP)

/* Bytes 0 and 2 as int16 halves that are 256 times as large. */
SMELT_CODE_SECTION
static inline uint32_t smelt_even_bytes(uint32_t word) {
    uint32_t result;
    __asm("and %0, %2, %1, lsl #8" : "=r"(result) : "r"(word), "r"(0xFF00FF00u));
    return result;
}

/* The low bytes of four values, the first lowest. */
SMELT_CODE_SECTION
static inline uint32_t smelt_join_bytes(int32_t value_0, int32_t value_1, int32_t value_2, int32_t value_3) {
    uint32_t word = (uint32_t)value_0;
    __asm("bfi %0, %1, #8, #8\n"
          "bfi %0, %2, #16, #8\n"
          "bfi %0, %3, #24, #8\n"
          : "+&r"(word)
          : "r"(value_1), "r"(value_2), "r"(value_3));
    return word;
}

/* Products of the low and of the high int16 halves. */
SMELT_CODE_SECTION
static inline int32_t smelt_smulbb(uint32_t a, uint32_t b) {
    int32_t result;
    __asm("smulbb %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

SMELT_CODE_SECTION
static inline int32_t smelt_smultt(uint32_t a, uint32_t b) {
    int32_t result;
    __asm("smultt %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* addend + floor(a * b / 2^32 + 1/2) */
SMELT_CODE_SECTION
static inline int32_t smelt_smmlar(int32_t a, int32_t b, int32_t addend) {
    int32_t result;
    __asm("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(addend));
    return result;
}

/* The larger of each two bytes, signed. */
SMELT_CODE_SECTION
static inline uint32_t smelt_larger_bytes(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm("ssub8 %0, %1, %2\n" /* only for the flags that sel reads */
          "sel %0, %1, %2\n"
          : "=&r"(result)
          : "r"(a), "r"(b)
          : "cc");
    return result;
}

/* The smaller of each two bytes, signed. */
SMELT_CODE_SECTION
static inline uint32_t smelt_smaller_bytes(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm("ssub8 %0, %1, %2\n"
          "sel %0, %2, %1\n"
          : "=&r"(result)
          : "r"(a), "r"(b)
          : "cc");
    return result;
}

/* sum + floor(factor * halves.low / 2^16), modulo 2^32 */
SMELT_CODE_SECTION
static inline int32_t smelt_smlawb(int32_t factor, uint32_t halves, int32_t sum) {
    int32_t result;
    __asm("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(factor), "r"(halves), "r"(sum));
    return result;
}

/* sum + floor(factor * halves.high / 2^16), modulo 2^32 */
SMELT_CODE_SECTION
static inline int32_t smelt_smlawt(int32_t factor, uint32_t halves, int32_t sum) {
    int32_t result;
    __asm("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(factor), "r"(halves), "r"(sum));
    return result;
}

/* value / 2^21, rounded down, saturated to int8 */
SMELT_CODE_SECTION
static inline int32_t smelt_ssat8_asr21(int32_t value) {
    int32_t result;
    __asm("ssat %0, #8, %1, asr #21" : "=r"(result) : "r"(value));
    return result;
}

#else

SMELT_CODE_SECTION
static inline uint32_t smelt_even_bytes(uint32_t word) {
    return (word << 8) & 0xFF00FF00u;
}

SMELT_CODE_SECTION
static inline uint32_t smelt_join_bytes(int32_t value_0, int32_t value_1, int32_t value_2, int32_t value_3) {
    return ((uint32_t)value_0 & 0xFFu) | ((uint32_t)value_1 & 0xFFu) << 8 | ((uint32_t)value_2 & 0xFFu) << 16 |
           (uint32_t)value_3 << 24;
}

SMELT_CODE_SECTION
static inline int32_t smelt_smulbb(uint32_t a, uint32_t b) {
    return (int16_t)(a & 0xFFFFu) * (int16_t)(b & 0xFFFFu);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smultt(uint32_t a, uint32_t b) {
    return smelt_smulbb(a >> 16, b >> 16);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smmlar(int32_t a, int32_t b, int32_t addend) {
    return addend + (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
}

SMELT_CODE_SECTION
static inline uint32_t smelt_larger_bytes(uint32_t a, uint32_t b) {
    uint32_t result = 0;
    for (int32_t shift = 0; shift < 32; shift += 8) {
        const uint32_t larger = (int8_t)(a >> shift & 0xFFu) > (int8_t)(b >> shift & 0xFFu) ? a : b;
        result |= larger & (0xFFu << shift);
    }
    return result;
}

SMELT_CODE_SECTION
static inline uint32_t smelt_smaller_bytes(uint32_t a, uint32_t b) {
    return a ^ b ^ smelt_larger_bytes(a, b);
}

SMELT_CODE_SECTION
static inline int32_t smelt_smlawb(int32_t factor, uint32_t halves, int32_t sum) {
    const int64_t product = (int64_t)factor * (int16_t)(halves & 0xFFFFu);
    return (int32_t)((uint32_t)sum + (uint32_t)(product >> 16));
}

SMELT_CODE_SECTION
static inline int32_t smelt_smlawt(int32_t factor, uint32_t halves, int32_t sum) {
    return smelt_smlawb(factor, halves >> 16, sum);
}

SMELT_CODE_SECTION
static inline int32_t smelt_ssat8_asr21(int32_t value) {
    value >>= 21;
    return value < -128 ? -128 : value > 127 ? 127 : value;
}

#endif

#endif
