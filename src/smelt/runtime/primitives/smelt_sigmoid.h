/* 2^16 / (1 + exp(-x)) between the entries of a table, 24 of which are one unit of x. */
#ifndef SMELT_SIGMOID_H
#define SMELT_SIGMOID_H

#include <stdint.h>

#include "smelt_placement.h"

/* The table, for those that are not given one. */
extern const uint16_t smelt_sigmoid_table[256];

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

/* logistic and tanh of x, of which 2^17 is 10.67, with 15 fractional bits, as TensorFlow Lite has them. */
SMELT_CODE_SECTION
static inline int32_t smelt_logistic_of(const uint16_t *table, int32_t x) {
    const int32_t y = smelt_sigmoid(table, (uint32_t)(x < 0 ? -x : x), 9, 0x7FFF << 10);
    return (x < 0 ? (1 << 25) - y + 511 : y + 512) >> 10;
}

SMELT_CODE_SECTION
static inline int32_t smelt_tanh_of(const uint16_t *table, int32_t x) {
    const int32_t y = smelt_sigmoid(table, (uint32_t)(x < 0 ? -x : x), 8, 0xFFFF << 8) - (1 << 23);
    return (x < 0 ? 127 - y : y + 128) >> 8;
}

#endif
