/* The table of logistic and tanh: tanh(x) = 2 * logistic(2 * x) - 1. */
#ifndef SMELT_SIGMOID_S16_H
#define SMELT_SIGMOID_S16_H

#include "activation_s16.h"

SMELT_CODE_SECTION
static inline int32_t smelt_sigmoid_argument(const struct smelt_sigmoid_s16_parameters *parameters, int32_t input) {
    return (input * parameters->multiplier + (int32_t)((1u << parameters->shift) >> 1)) >> parameters->shift;
}

/* The table at magnitude / 2^bits, with `bits` more fractional bits than its entries; `end` behind its last entry. */
SMELT_CODE_SECTION
static inline int32_t smelt_sigmoid(const uint16_t *table, uint32_t magnitude, uint32_t bits, int32_t end) {
    const uint32_t index = magnitude >> bits;
    if (index >= 255u) {
        return end;
    }
    const uint32_t low = table[index], high = table[index + 1u];
    return (int32_t)((low << bits) + (magnitude & ((1u << bits) - 1u)) * (high - low));
}

#endif
