/* Fixed-point requantization, bit for bit as TensorFlow Lite Micro's (double rounding).
 * The meaning is src/smelt/operators/fixed_point.py. */
#ifndef SMELT_REQUANTIZE_H
#define SMELT_REQUANTIZE_H

#include <stdint.h>

#include "smelt_placement.h"

/* round(value * mantissa / 2^31) with 64-bit arithmetic. For mantissa >= 0 the floor of the nudged product
 * is exact for either sign of value, so no branch on the sign is needed. */
SMELT_CODE_SECTION
static inline int32_t smelt_high_mul_64(int32_t value, int32_t mantissa) {
    const int64_t product = (int64_t)value * mantissa + ((int64_t)1 << 30);
    return (int32_t)(product >> 31);
}

/* The same from four 16 x 16 -> 32 bit products. */
SMELT_CODE_SECTION
static inline int32_t smelt_high_mul_16x16(int32_t value, int32_t mantissa) {
    const int32_t value_high = value >> 16, mantissa_high = mantissa >> 16;
    const uint32_t value_low = (uint32_t)value & 0xffffu, mantissa_low = (uint32_t)mantissa & 0xffffu;
    const int32_t upper = value_high * (int32_t)mantissa_low + (int32_t)(value_low * mantissa_low >> 16);
    const uint32_t middle = value_low * (uint32_t)mantissa_high + ((uint32_t)upper & 0xffffu);
    const int32_t high = value_high * mantissa_high + (upper >> 16) + (int32_t)(middle >> 16);
    return (int32_t)(((uint32_t)high << 1) + (((middle & 0xffffu) + 0x4000u) >> 15));
}

/* Arm cores without a 32 x 32 -> 64 bit multiplication would call a library for it. */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define smelt_high_mul smelt_high_mul_16x16
#else
#define smelt_high_mul smelt_high_mul_64
#endif

/* value / 2^exponent, to nearest, ties away from zero; 0 <= exponent <= 31, value > -2^31.
 * One less for negative values turns their ties the other way; no step overflows. */
SMELT_CODE_SECTION
static inline int32_t smelt_rounding_shift_right(int32_t value, int32_t exponent) {
    if (exponent == 0) {
        return value;
    }
    const int32_t doubled = (value + (value >> 31)) >> (exponent - 1);
    return (doubled >> 1) + (doubled & 1);
}

/* value * mantissa / 2^31 * 2^shift, rounded twice; mantissa in [2^30, 2^31) or 0, -31 <= shift <= 30. */
SMELT_CODE_SECTION
static inline int32_t smelt_requantize(int32_t value, int32_t mantissa, int32_t shift) {
    if (shift > 0) {
        return smelt_high_mul((int32_t)((uint32_t)value << shift), mantissa);
    }
    return smelt_rounding_shift_right(smelt_high_mul(value, mantissa), -shift);
}

SMELT_CODE_SECTION
static inline int32_t smelt_clamp(int32_t value, int32_t low, int32_t high) {
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

#endif
