/* Depthwise convolutions over lines of pairs, on Arm cores with the DSP extension.
 *
 * What taps that lie one after the other along one dimension of an image meet is kept for four channels at a time, as
 * words of two int16 values: the low half for a tap, the high half for the next tap; pads are values like
 * others. Word w of channel c is number 4 * w + c. 
 *
 * A line is computed by one of three functions:
 *   row    kernels of one row of up to ten taps; word w of a line holds the inputs 2 * w and 2 * w + 1, and what an odd
 *          output meets is made of two words
 *   fours  kernels of any size, four taps at a time; words as for `row`
 *   taps   any taps, two at a time; word w + offset is what output w meets with them
 * Taps that are computed together follow each other on the line; where they begin is an offset. */
#ifndef SMELT_DEPTHWISE_LINES_S8_ARM_DSP_H
#define SMELT_DEPTHWISE_LINES_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

enum { SMELT_LINE_CHANNELS = 4 };

/* What lines of a layer have in common. Requantization is that of smelt_gemm_s8__arm_dsp.h, with the divisor
 * 2^(lowest byte of the start), whose bits count for nothing else. */
struct smelt_depthwise_line_shape {
    const int16_t *offsets;   /* `fours`, `taps`: in bytes, of all but the first two or four taps; then -1 */
    int32_t taps;             /* `row`: 3 to 6, 9 or 10 */
    int32_t multipliers;      /* bytes from a start to its multiplier */
    int32_t output_step;      /* bytes from an output to the next one of its line */
    int32_t output_line_step; /* bytes from a line's first output to the next one's */
    int32_t line_step;        /* bytes from a line to the next */
    int32_t channel_step;     /* bytes from an output to that of the next channel */
    int32_t weight_step;      /* bytes from the weights of a channel to those of the next */
    int32_t signed_rounding, zero_point;
};

/* Lines of outputs of up to four channels; all pointers show the first channel. */
struct smelt_depthwise_lines {
    int8_t *output;         /* of the first line */
    const uint32_t *lines;
    const void *weights;    /* `row`: int8 taps, and one byte more; else pairs of them in every fourth word */
    const uint32_t *starts; /* one a channel */
    const struct smelt_depthwise_line_shape *shape;
    int32_t outputs;        /* of a line, at least 1 */
    int32_t count;          /* of lines, at least 1 */
    int32_t channels;
};

/* Compute all lines. They may be read for three outputs more than they have. */
void smelt_depthwise_row_s8__arm_dsp(const struct smelt_depthwise_lines *lines);
void smelt_depthwise_fours_s8__arm_dsp(const struct smelt_depthwise_lines *lines);
void smelt_depthwise_taps_s8__arm_dsp(const struct smelt_depthwise_lines *lines);

/* How a row of values becomes words: in planes one after the other, whose words have values or pads in either half. */
struct smelt_depthwise_words {
    const uint16_t *runs; /* of each plane: 4 * words + (1: the low halves are values, 2: the high halves); then 0 */
    int32_t first;        /* bytes from the row's first value to that of the first low half */
    int32_t plane_step;   /* the same from a plane to the next */
    int32_t pair_step;    /* from a low half to its high half */
    int32_t word_step;    /* from a word to the next */
    uint16_t planes;
    uint16_t plane_words; /* from a plane to the next */
    int32_t channels;     /* up to four are transposed */
};

/* The words of a row of values, or of nothing but pads where `row` is NULL. `pads` has a pad of each of four channels. */
void smelt_depthwise_transpose_words_s8__arm_dsp(uint32_t *to, const int8_t *row, const int8_t *pads,
                                                 const struct smelt_depthwise_words *words);

#endif
