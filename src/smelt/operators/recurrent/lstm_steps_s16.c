#include "smelt_requantize.h"

/* Rounded once, the mantissa of 15 bits: multiply_wide_sum in src/smelt/operators/fixed_point.py. */
SMELT_CODE_SECTION
static int32_t scaled(uint64_t sum, int32_t mantissa, int32_t shift) {
    const int32_t reduced = mantissa < 0x7FFF0000 ? (mantissa + (1 << 15)) >> 16 : 0x7FFF, right = 15 - shift;
    const uint64_t product = sum * (uint64_t)(uint32_t)reduced + ((uint64_t)1 << (right - 1));
    return (int32_t)(uint32_t)((int64_t)product >> right);
}

#define SMELT_DATA int16_t
#define SMELT_BIAS int64_t
#define SMELT_SUM uint64_t
#define SMELT_SCALED(sum, mantissa, shift) scaled(sum, mantissa, shift)
#define SMELT_LOWEST INT16_MIN
#define SMELT_HIGHEST INT16_MAX
#define SMELT_STEPS smelt_lstm_steps_s16
#include "lstm_steps_integers.h"
