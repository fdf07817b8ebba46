/* Integers of two bits, four to a byte, the first of them in the lowest bits. */
#ifndef SMELT_TWO_BITS_H
#define SMELT_TWO_BITS_H

#include <stdint.h>

#include "smelt_placement.h"

/* Element `index`, -2 to 1. */
SMELT_CODE_SECTION
static inline int32_t smelt_two_bits(const uint8_t *packed, int32_t index) {
    return (int32_t)((uint32_t)packed[index >> 2] << (30 - 2 * (index & 3))) >> 30;
}

#endif
