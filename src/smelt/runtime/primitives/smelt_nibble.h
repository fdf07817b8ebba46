/* Integers of four bits, two to a byte, the first of them in the lower half. */
#ifndef SMELT_NIBBLE_H
#define SMELT_NIBBLE_H

#include <stdint.h>

#include "smelt_placement.h"

/* Element `index`, -8 to 7. */
SMELT_CODE_SECTION
static inline int32_t smelt_nibble(const uint8_t *packed, int32_t index) {
    return (int32_t)((uint32_t)packed[index >> 1] << ((index & 1) != 0 ? 24 : 28)) >> 28;
}

#endif
