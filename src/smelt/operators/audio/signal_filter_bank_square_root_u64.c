#include "signal_operators.h"

/* Bit by bit, from the highest that may be in it: what is left of the number stays below 2 * root + 1. */
SMELT_CODE_SECTION
static uint32_t rounded_root(uint64_t number) {
    const uint64_t largest = number >> 32 == 0 ? UINT16_MAX : UINT32_MAX;
    uint64_t root = 0, bit = number >> 32 == 0 ? (uint64_t)1 << 30 : (uint64_t)1 << 62;
    for (; bit != 0; bit >>= 2) {
        if (number >= root + bit) {
            number -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)(root + (number > root && root != largest));
}

void smelt_signal_filter_bank_square_root_u64(uint32_t *output, const uint64_t *input, const int32_t *bits,
                                              int32_t channels) {
    const int32_t shift = *bits;
    for (int32_t k = 0; k < channels; k++) {
        output[k] = shift < 0 || shift > 31 ? 0 : rounded_root(input[k]) >> shift;
    }
}
