/* Matrix products of int8 values, expanded where they are used more than once (smelt_gemm_s8__arm_dsp.h). */
#ifndef SMELT_GEMM_PLACES_S8_ARM_DSP_H
#define SMELT_GEMM_PLACES_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"

enum { SMELT_PLACE_VALUES = 16, SMELT_PLACE_WORDS = 8 };

/* How a place is written in the list of places: its address, where that is a word of 32 bits; elsewhere its distance
 * from the list in bytes. */
SMELT_CODE_SECTION
static inline uint32_t smelt_place(const uint32_t *places, const uint32_t *place) {
#if defined(__ARM_FEATURE_DSP)
    (void)places;
    return (uint32_t)(uintptr_t)place;
#else
    return (uint32_t)((uintptr_t)place - (uintptr_t)places);
#endif
}

/* Expand `count` groups of 16 values, `step` bytes apart, to places side by side. Returns the end of what was written. */
uint32_t *smelt_expand_places_s8__arm_dsp(uint32_t *to, const int8_t *values, int32_t count, int32_t step);

/* All channels (a multiple of 4) of two pixels; the second goes to `output + step`, unless step is 0. Input values come
 * in groups of 16, whose places are listed up to a 0: the first pixel's 8 words as smelt_expand_one writes them, then
 * the second pixel's. The places are in ascending order of input values in the weights. */
void smelt_gemm_places_s8__arm_dsp(int8_t *output, const uint32_t *places, int32_t step,
                                   const struct smelt_gemm_s8__arm_dsp *gemm);

#endif
