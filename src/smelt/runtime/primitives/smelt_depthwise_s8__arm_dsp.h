/* The inner loops of 3 x 3 depthwise convolutions on Arm cores with the DSP extension. */
#ifndef SMELT_DEPTHWISE_S8_ARM_DSP_H
#define SMELT_DEPTHWISE_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

/* A line of outputs of four channels. */
struct smelt_depthwise_line {
    int32_t step;       /* bytes from one output to the next */
    int32_t count;      /* outputs */
    int32_t weights[3]; /* for each of the three input rows, the place of its weights in the record, in bytes */
    int32_t channel_words; /* of lines, from one channel to the next */
};

/* Compute a line of outputs of four channels, which are neighbours. `lines` holds three input rows in turn, word j of each before word j + 1; a word has the
 * inputs 2 * j (low half) and 2 * j + 1 as int16, 256 * x. Their records have start and multiplier (requantization with
 * one rounding, smelt_gemm_s8__arm_dsp.h) and a word of weights a row of the kernel, bytes w0, w1, w1, w2.
 * Reads one word a row more than the outputs' first taps. */
void smelt_depthwise_3x3_line_s8__arm_dsp(int8_t *output, const uint32_t *lines, const uint32_t *records,
                                          const struct smelt_depthwise_line *line);
void smelt_depthwise_3x3_line_stride_2_s8__arm_dsp(int8_t *output, const uint32_t *lines, const uint32_t *records,
                                                   const struct smelt_depthwise_line *line);

/* Write the words of `count` pairs of neighbouring positions into four channels' lines, `channel_words` apart: the
 * four bytes at `first` and `second`, which then advance by `advance` bytes. */
void smelt_transpose_pairs_s8__arm_dsp(uint32_t *lines, const int8_t *first, const int8_t *second, int32_t advance,
                                       int32_t count, int32_t channel_words);

#endif
