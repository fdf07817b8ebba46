/* IEEE half-precision numbers. */
#ifndef SMELT_HALF_H
#define SMELT_HALF_H

#include <stdint.h>

#include "smelt_placement.h"

/* The number with these bits, which is neither infinite nor NaN. The multiplication, exact, takes the exponent from
 * its bias of 15 to 127, for subnormal numbers too. */
SMELT_CODE_SECTION
static inline float smelt_half_to_float(uint16_t half) {
    union {
        uint32_t bits;
        float number;
    } single = {((uint32_t)half & 0x8000u) << 16 | ((uint32_t)half & 0x7fffu) << 13};
    return single.number * 5.192296858534828e33f; /* 2^112 */
}

#endif
