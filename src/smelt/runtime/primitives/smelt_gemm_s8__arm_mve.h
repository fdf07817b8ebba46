/* Products of weights with receptive fields on cores with Helium vectors, and their requantization. */
#ifndef SMELT_GEMM_S8_ARM_MVE_H
#define SMELT_GEMM_S8_ARM_MVE_H

#include <stdint.h>

#include "smelt_requantize__arm_mve.h"

/* `pairs` holds two channels after the other: their starts (bias less the input zero point's part), then for every
 * sixteen weights those of the one and of the other channel; zeros complete the last sixteen and the last pair. */
struct smelt_gemm_s8__arm_mve {
    const int32_t *pairs;
    struct smelt_channels_s8__arm_mve channels;
    int32_t depth; /* weights of a channel */
    int32_t count; /* channels */
};

#define SMELT_GEMM_FIELDS 3

#define SMELT_GEMM_SUMS (SMELT_GEMM_FIELDS * 16)

/* The channels of `count` (1 .. 3) fields of `depth` values, one pixel after the other; all three pointers are
 * read from. `sums` is room for SMELT_GEMM_SUMS. */
void smelt_gemm_three_s8__arm_mve(int8_t *output, const int8_t *const fields[SMELT_GEMM_FIELDS], int32_t count,
                                  int32_t *sums, const struct smelt_gemm_s8__arm_mve *gemm);

/* The channels of one field. */
void smelt_gemm_one_s8__arm_mve(int8_t *output, const int8_t *field, const struct smelt_gemm_s8__arm_mve *gemm);

#endif
