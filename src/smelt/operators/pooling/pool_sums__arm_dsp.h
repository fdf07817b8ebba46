/* Sums of four neighbouring channels with Arm's DSP extension. */
#ifndef SMELT_POOL_SUMS_ARM_DSP_H
#define SMELT_POOL_SUMS_ARM_DSP_H

#include "smelt_bytes__arm_dsp.h"

/* The most int8 values whose sum is sure to fit int16. */
#define SMELT_POOL_SUMMED 256

/* Adds the elements of `count` pixels, `step` from one to the next, to four sums. */
SMELT_CODE_SECTION
static inline void smelt_add_four_s8(int32_t *sums, const int8_t *element, int32_t count, int32_t step) {
    while (count > 0) {
        uint32_t even = 0, odd = 0;
        int32_t left = count < SMELT_POOL_SUMMED ? count : SMELT_POOL_SUMMED;
        count -= left;
        if (left & 1) {
            const uint32_t word = smelt_load_word(element);
            even = smelt_sxtab16(even, word);
            odd = smelt_sxtab16_ror8(odd, word);
            element += step;
        }
        for (left >>= 1; left > 0; left--) {
            const uint32_t word = smelt_load_word(element), next = smelt_load_word(element + step);
            even = smelt_sxtab16(smelt_sxtab16(even, word), next);
            odd = smelt_sxtab16_ror8(smelt_sxtab16_ror8(odd, word), next);
            element += 2 * step;
        }
        sums[0] += (int16_t)(even & 0xFFFFu);
        sums[1] += (int16_t)(odd & 0xFFFFu);
        sums[2] += (int16_t)(even >> 16);
        sums[3] += (int16_t)(odd >> 16);
    }
}

/* As smelt_add_rows_s8 (pool_window.h), for channels that are a multiple of four. */
SMELT_CODE_SECTION
static inline void smelt_add_rows_s8__arm_dsp(int32_t *sums, const int8_t *input, int32_t columns, int32_t channels,
                                              int32_t first_row, int32_t row_count, int32_t ring_rows) {
    for (int32_t row = first_row; row < first_row + row_count; row++) {
        const int8_t *const first = input + row % ring_rows * columns * channels;
        for (int32_t channel = 0; channel < channels; channel += 4) {
            for (int32_t i = 0; row == 0 && i < 4; i++) {
                sums[channel + i] = 0;
            }
            smelt_add_four_s8(sums + channel, first + channel, columns, channels);
        }
    }
}

#endif
