#include "signal_operators.h"

/* 10 bits behind the highest choose a place on the parabola of that power of two. Sums wrap around. */
SMELT_CODE_SECTION
static uint32_t gain(uint32_t noise, const int16_t *gains) {
    int32_t width = 0;
    if (noise <= 2) {
        return (uint32_t)gains[noise];
    }
    while (noise >> width > 1) {
        width++;
    }
    width++;
    const int16_t *const parabola = gains + 4 * width - 6;
    const int32_t place = (int32_t)((width < 11 ? noise << (11 - width) : noise >> (width - 11)) & 0x3FF);
    const int32_t slope = (parabola[2] * place >> 5) + parabola[1] * 32;
    const int32_t rise = (int32_t)((uint32_t)slope * (uint32_t)place + (1u << 14)) >> 15;
    return (uint32_t)(int16_t)(uint16_t)(rise + parabola[0]);
}

void smelt_signal_pcan_u32(uint32_t *output, const uint32_t *input, const uint32_t *noise, const int16_t *gains,
                           int32_t channels, int32_t shift) {
    for (int32_t k = 0; k < channels; k++) {
        /* 12 bits of fraction; 6 behind the compression: x * x / 4 below 2, then x - 1 */
        const uint32_t ratio = (uint32_t)((uint64_t)input[k] * gain(noise[k], gains) >> shift);
        output[k] = ratio < 1u << 13 ? ratio * ratio >> 20 : (ratio >> 6) - 64;
    }
}
