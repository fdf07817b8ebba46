/* Convolutions on Arm cores with Helium vectors: weights packed for the core by operators/convolution/arm_mve.py. */
#ifndef SMELT_CONVOLUTION_ARM_MVE_H
#define SMELT_CONVOLUTION_ARM_MVE_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_mve.h"
#include "smelt_window.h"

struct smelt_conv_2d_s8__arm_mve_parameters {
    struct smelt_window window;
    struct smelt_gemm_s8__arm_mve gemm; /* depth: kernel height * width * channels */
    int8_t gather;                      /* 0: every receptive field is one run of bytes inside the input */
    int8_t pad;                         /* the input zero point */
};

/* scratch: SMELT_GEMM_SUMS words, then 3 * depth bytes when `gather`, or where fields move over several rows that lie
 * in a ring, else 2 * depth. */
void smelt_conv_2d_s8__arm_mve(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_mve_parameters *parameters, void *scratch);

/* The output rows first_row .. first_row + row_count - 1 of one image, of whose input rows `input_ring_rows` are kept:
 * row r in the place of r modulo input_ring_rows. `output` is where row first_row goes. */
void smelt_conv_2d_rows_s8__arm_mve(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_mve_parameters *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* Sixteen channels have in `blocks` their starts in the order of smelt_channels_s8__arm_mve, then for every tap
 * sixteen bytes of weights. A tap of zeros completes the last pair of taps; no pair has two weights of -128. */
struct smelt_depthwise_conv_2d_s8__arm_mve_parameters {
    struct smelt_window window;
    const int32_t *blocks;
    const int32_t *offsets; /* of all taps: bytes from a field's first in the input, then in a copied field */
    struct smelt_channels_s8__arm_mve channels;
    int32_t tap_pairs;
    int32_t together; /* neighbours whose channels fit sixteen lanes, where their inputs are neighbours too; else 1 */
    int8_t pad;       /* the input zero point */
};

/* Multiplier 1. scratch: kernel height * width * channels bytes when some field reaches over an edge or moves over rows
 * that lie in a ring, else unused. */
void smelt_depthwise_conv_2d_s8__arm_mve(int8_t *output, const int8_t *input,
                                         const struct smelt_depthwise_conv_2d_s8__arm_mve_parameters *parameters,
                                         void *scratch);

/* The same for rows, as smelt_conv_2d_rows_s8__arm_mve. */
void smelt_depthwise_conv_2d_rows_s8__arm_mve(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_conv_2d_s8__arm_mve_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
