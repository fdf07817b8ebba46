#include "signal_operators.h"

void smelt_signal_energy_s16(uint32_t *output, const int16_t *input, int32_t count, int32_t start, int32_t end) {
    for (int32_t k = 0; k < count; k++) {
        const int32_t real = input[2 * k], imaginary = input[2 * k + 1];
        output[k] = k < start || k >= end ? 0 : (uint32_t)(real * real) + (uint32_t)(imaginary * imaginary);
    }
}
