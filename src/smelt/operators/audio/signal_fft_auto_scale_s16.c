#include "signal_operators.h"

void smelt_signal_fft_auto_scale_s16(int16_t *output, int32_t *bits, const int16_t *input, int32_t size) {
    int32_t largest = 0, shift = 0;
    for (int32_t k = 0; k < size; k++) {
        const int32_t amount = input[k] < 0 ? -input[k] : input[k];
        largest = amount > largest ? amount : largest;
    }
    while (largest != 0 && largest << shift < 0x4000) {
        shift++;
    }
    for (int32_t k = 0; k < size; k++) {
        output[k] = (int16_t)(input[k] * (1 << shift));
    }
    *bits = shift;
}
