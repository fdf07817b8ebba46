/* Fixed-point requantization, bit for bit as TensorFlow Lite Micro's (double rounding).
 * The meaning is src/smelt/operators/fixed_point.py. */
#ifndef SMELT_REQUANTIZE_H
#define SMELT_REQUANTIZE_H

#include <stdint.h>

/* round(value * mantissa / 2^31). For mantissa >= 0 the floor of the nudged product is exact for
 * either sign of value, so no branch on the sign is needed. */
static inline int32_t smelt_high_mul(int32_t value, int32_t mantissa) {
    const int64_t product = (int64_t)value * mantissa + ((int64_t)1 << 30);
    return (int32_t)(product >> 31);
}

/* value / 2^exponent, to nearest, ties away from zero; 0 <= exponent <= 31. */
static inline int32_t smelt_rounding_shift_right(int32_t value, int32_t exponent) {
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1u);
    const int32_t remainder = value & mask;
    const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

/* value * mantissa / 2^31 * 2^shift, rounded twice; mantissa in [2^30, 2^31) or 0, -31 <= shift <= 30. */
static inline int32_t smelt_requantize(int32_t value, int32_t mantissa, int32_t shift) {
    if (shift > 0) {
        return smelt_high_mul((int32_t)((uint32_t)value << shift), mantissa);
    }
    return smelt_rounding_shift_right(smelt_high_mul(value, mantissa), -shift);
}

static inline int32_t smelt_clamp(int32_t value, int32_t low, int32_t high) {
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

#endif
