/* The inner loop of 3 x 3 depthwise convolutions on Arm cores with the DSP extension. */
#ifndef SMELT_DEPTHWISE_S8_ARM_DSP_H
#define SMELT_DEPTHWISE_S8_ARM_DSP_H

#include <stdint.h>

/* One channel of a row of outputs. `lines` holds three input rows in turn, word j of each before word j + 1; a word has
 * the input values 2 * j (low half) and 2 * j + 1 as int16. `start` is followed by a word of weights for each of
 * the three rows, bytes w0, w1, w1, w2. Sums are start plus products, modulo 2^32; `count` is a multiple of 4 for
 * stride 1, of 2 for stride 2. Reads one word a row more than the outputs' first taps. */
void smelt_depthwise_3x3_s8__arm_dsp(int32_t *sums, const uint32_t *lines, const uint32_t start[4], int32_t count);
void smelt_depthwise_3x3_stride_2_s8__arm_dsp(int32_t *sums, const uint32_t *lines, const uint32_t start[4],
                                              int32_t count);

#endif
