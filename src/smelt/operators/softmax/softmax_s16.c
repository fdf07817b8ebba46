/* Softmax of int16 values, bit for bit as TensorFlow Lite's; in place is allowed. */
#include "smelt_requantize.h"
#include "softmax.h"

/* A table of 513 points at an int16 argument. */
SMELT_CODE_SECTION
static int32_t interpolated(const int16_t *table, int32_t value) {
    const int16_t *const point = table + 256 + (value >> 7);
    return point[0] + (((point[1] - point[0]) * (value & 0x7f) + 64) >> 7);
}

/* The exponentials go to where the outputs will be. */
SMELT_CODE_SECTION
static void softmax_row(int16_t *output, const int16_t *input, const struct smelt_softmax_s16_parameters *p) {
    int32_t largest = input[0];
    for (int32_t i = 1; i < p->depth; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    uint32_t sum = 0; /* 15 fractional bits */
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t distance = smelt_requantize(input[i] - largest, p->mantissa, p->shift);
        const int32_t exponential = interpolated(p->exponentials, smelt_clamp(distance + 32767, -32768, 32767));
        output[i] = (int16_t)exponential;
        sum += (uint32_t)exponential;
    }
    uint32_t shift = 30;
    for (; sum < (1u << 30); sum <<= 1) {
        shift--;
    }
    const int32_t fraction = (int32_t)((sum + (1u << 13)) >> 14) - (1 << 15) - (1 << 16);
    const int32_t scale = interpolated(p->reciprocals, fraction > 32767 ? 32767 : fraction);
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t value = (output[i] * scale + (int32_t)(1u << (shift - 1u))) >> shift;
        output[i] = (int16_t)smelt_clamp(value, 0, 32767);
    }
}

void smelt_softmax_s16(int16_t *output, const int16_t *input, const struct smelt_softmax_s16_parameters *parameters) {
    for (int32_t row = 0; row < parameters->rows; row++) {
        softmax_row(output, input, parameters);
        output += parameters->depth;
        input += parameters->depth;
    }
}
