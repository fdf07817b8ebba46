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

#endif
