/* From 32-bit sums of int16 values times int8 weights to int16 outputs: for layers whose sums are sure to fit. */
#ifndef SMELT_NARROW_S16_ARM_DSP_H
#define SMELT_NARROW_S16_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_simd__arm_dsp.h"

struct smelt_narrow_s16__arm_dsp {
    const int32_t *bias;        /* one an output */
    const int32_t *multipliers; /* times 2^32, one an output */
    int16_t low, high;          /* bounds of the output */
};

/* (bias + sum) * multiplier, rounded once, ties towards plus infinity, and clamped. */
SMELT_CODE_SECTION
static inline int16_t smelt_narrow_output_s16__arm_dsp(const struct smelt_narrow_s16__arm_dsp *p, int32_t output,
                                                       int32_t sum) {
    const int32_t value = smelt_smmulr(p->bias[output] + sum, p->multipliers[output]);
    const int32_t raised = value < p->low ? p->low : value;
    return (int16_t)(raised > p->high ? p->high : raised);
}

#endif
