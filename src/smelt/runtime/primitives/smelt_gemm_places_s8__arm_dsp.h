/* Matrix products of int8 values, expanded where they are used more than once (smelt_gemm_s8__arm_dsp.h). */
#ifndef SMELT_GEMM_PLACES_S8_ARM_DSP_H
#define SMELT_GEMM_PLACES_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"

enum { SMELT_PLACE_VALUES = 16, SMELT_PLACE_WORDS = 8, SMELT_PLACE_GROUPS = 3 };

/* How a place is written in a list of places, whose first word is the number of groups at each: the address where the
 * last of SMELT_PLACE_GROUPS groups would be the place's last, or the distance of that from the list in bytes where
 * addresses are longer than a word. */
SMELT_CODE_SECTION
static inline uint32_t smelt_place(const uint32_t *places, const uint32_t *place) {
    const uintptr_t ahead = 4u * SMELT_PLACE_WORDS * (SMELT_PLACE_GROUPS - places[0]);
#if defined(__ARM_FEATURE_DSP)
    return (uint32_t)((uintptr_t)place - ahead);
#else
    return (uint32_t)((uintptr_t)place - (uintptr_t)places - ahead);
#endif
}

/* Expand `count` groups of 16 values, `step` bytes apart, to places side by side. Returns the end of what was written. */
uint32_t *smelt_expand_places_s8__arm_dsp(uint32_t *to, const int8_t *values, int32_t count, int32_t step);

/* All channels (a multiple of 4) of two pixels; the second goes to `output + step`, unless step is 0. Input values come
 * in groups of 16, in the order of the weights: 8 words as smelt_expand_one writes them. The list of places has the number
 * of groups that lie side by side at each, then where the first pixel's are, then 0. A group further lie the second
 * pixel's. */
void smelt_gemm_places_s8__arm_dsp(int8_t *output, const uint32_t *places, int32_t step,
                                   const struct smelt_gemm_s8__arm_dsp *gemm);

#endif
