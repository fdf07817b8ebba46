/* Matrix products of int8 values, expanded where they are used more than once (smelt_gemm_s8__arm_dsp.h). */
#ifndef SMELT_GEMM_PLACES_S8_ARM_DSP_H
#define SMELT_GEMM_PLACES_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"

enum { SMELT_PLACE_VALUES = 16, SMELT_PLACE_WORDS = 8, SMELT_PLACE_GROUPS = 3 };

/* Up to SMELT_PLACE_GROUPS groups that lie side by side; none at the end of a list. */
struct smelt_place {
    uint32_t at; /* the address of the first, or its distance from the list where addresses are longer than a word */
    uint32_t groups;
};

SMELT_CODE_SECTION
static inline uint32_t smelt_place_at(const struct smelt_place *list, const uint32_t *place) {
#if defined(__ARM_FEATURE_DSP)
    (void)list;
    return (uint32_t)(uintptr_t)place;
#else
    return (uint32_t)((uintptr_t)place - (uintptr_t)list);
#endif
}

/* Expand `count` groups of 16 values, `step` bytes apart, to places side by side. Returns the end of what was written. */
uint32_t *smelt_expand_places_s8__arm_dsp(uint32_t *to, const int8_t *values, int32_t count, int32_t step);

/* All channels (a multiple of 4) of pixels side by side, at least one; where their number is odd another one is computed
 * into the place of the last. Input values come in groups of 16, in the order of the weights: 8 words as smelt_expand_one
 * writes them. `list` says where those of the first pixel are, and is used up. A group further lie those of the next. */
void smelt_gemm_places_s8__arm_dsp(int8_t *output, struct smelt_place *list, int32_t pixels,
                                   const struct smelt_gemm_s8__arm_dsp *gemm);

#endif
