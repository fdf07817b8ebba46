/* Softmax in fixed point, bit for bit as TensorFlow Lite Micro's; in place is allowed. */
#include "softmax.h"
#include "smelt_requantize.h"

/* 2^60 / denominator for 2^30 <= denominator < 2^31, by three Newton-Raphson steps from a linear guess. */
SMELT_CODE_SECTION
static int32_t reciprocal(int32_t denominator) {
    /* 48/17 and -32/17 with 29 fractional bits. */
    int32_t x = 1515870810 + smelt_high_mul(-1010580540, denominator);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - smelt_high_mul(x, denominator);
        x += smelt_high_mul(error, x) * 4;
    }
    return x > (1 << 30) - 1 ? INT32_MAX : x * 2;
}

SMELT_CODE_SECTION
static void softmax_row(int8_t *output, const int8_t *input, const struct smelt_softmax_s8_parameters *p) {
    int32_t largest = -128;
    for (int32_t i = 0; i < p->depth; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0; /* 19 fractional bits */
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t distance = largest - input[i];
        if (distance < p->length) {
            sum += ((uint32_t)p->exponentials[distance] + (1u << 11)) >> 12;
        }
    }
    int32_t exponent = 35;
    for (; sum < (1u << 31); sum <<= 1) {
        exponent--;
    }
    /* With a larger exponent all results round to 0, which a scale of 0 gives too. */
    const int32_t scale = exponent > 31 ? 0 : reciprocal((int32_t)(sum >> 1));
    const uint32_t shift = exponent > 31 ? 31u : (uint32_t)exponent;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t distance = largest - input[i];
        int32_t value = -128;
        if (distance < p->length) {
            const uint32_t product = (uint32_t)smelt_high_mul(p->exponentials[distance], scale);
            value += (int32_t)((product + (1u << (shift - 1u))) >> shift);
        }
        output[i] = (int8_t)(value > 127 ? 127 : value);
    }
}

void smelt_softmax_s8(int8_t *output, const int8_t *input, const struct smelt_softmax_s8_parameters *parameters) {
    for (int32_t row = 0; row < parameters->rows; row++) {
        softmax_row(output, input, parameters);
        output += parameters->depth;
        input += parameters->depth;
    }
}
