/* The inner loops of depthwise convolutions on Arm cores with the DSP extension: lines of 3 x 3 kernels, their columns
 * for short rows, and single pixels of any kernel.
 *
 * Lines: three input rows of four channels, as int16 values 256 * x, two neighbours in a word (the first one low),
 * pads included; word j of channel c of row k is number 12 * j + 4 * k + c. */
#ifndef SMELT_DEPTHWISE_S8_ARM_DSP_H
#define SMELT_DEPTHWISE_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

enum { SMELT_LINE_WORDS = 12, SMELT_LINE_BYTES = 48, SMELT_LINE_ODD = 1, SMELT_LINE_STRIDE_2 = 2 };

/* A line of outputs of four channels, whose starts, multipliers (requantization with one rounding,
 * smelt_gemm_s8__arm_dsp.h) and nine taps lie together for all channels of the layer. */
struct smelt_depthwise_line {
    int8_t *output;        /* of the first channel */
    const uint32_t *lines;
    const uint32_t *starts;
    const int8_t *taps[3]; /* of each of the three input rows: the first of a row or column of the kernel */
    int32_t tap_step;      /* bytes from one tap to the next */
    int32_t multipliers;   /* bytes from a start to its multiplier */
    int32_t output_step;   /* bytes from one output to the next */
    int32_t extent;        /* stride 1: SMELT_LINE_BYTES a pair of outputs + (an odd number ? SMELT_LINE_ODD : 0);
                              stride 2: SMELT_LINE_BYTES an output + SMELT_LINE_STRIDE_2 */
    int32_t channel;       /* the first of the four channels to compute */
};

/* Reads one word a row more than the outputs' first taps. */
void smelt_depthwise_3x3_line_s8__arm_dsp(const struct smelt_depthwise_line *line);

/* How a row of inputs becomes words of lines. */
struct smelt_depthwise_row {
    int32_t step;    /* bytes from one input to the next */
    uint32_t pads;   /* four pads */
    int32_t head;    /* 1: the first word is a pad and an input */
    int32_t extent;  /* SMELT_LINE_BYTES a pair of inputs */
    int32_t tail;    /* 1: the last word is an input and a pad */
};

/* Write the words of four channels of one input row to a row of lines. */
void smelt_depthwise_transpose_s8__arm_dsp(uint32_t *lines, const int8_t *inputs, const struct smelt_depthwise_row *row);

enum { SMELT_COLUMNS_RECORD = 5 }; /* words of a channel */

/* A row of outputs of all channels, which are a multiple of four, of 3 x 3 kernels of stride 1 along the row: three rows of
 * inputs become words of columns for four channels at a time. Every two columns, pads included, have three words a
 * channel, with int16 values 256 * x: the upper two rows of the first column (the top one low), those of the second
 * column, and the lowest row of both (the first one low). A channel has a record: four weights, a start, four weights, the
 * other weights, a multiplier (requantization with one rounding, smelt_gemm_s8__arm_dsp.h). Bytes 0 and 2 of its words of
 * weights, and 1 and 3, are pairs: of the upper rows of the left, middle and right column, then (left, middle) and (middle,
 * right) of the lowest row. */
struct smelt_depthwise_columns {
    const int8_t *inputs[3]; /* of each row; afterwards behind the last channel */
    int32_t moves[3];        /* bytes from four channels to the next */
    int32_t steps[3];        /* bytes from one input to the next */
    int32_t input_extent;    /* SMELT_LINE_BYTES every two columns from input_words on to the last input, and SMELT_LINE_ODD
                                where it is the first of two */
    int32_t head;            /* 1: the first of these columns is a pad */
    uint32_t *input_words;
    uint32_t pads;           /* four pads */
    int8_t *output;
    const uint32_t *words;   /* of the first column; where both columns are pads they are there already, as are the
                                upper rows of any pad */
    const uint32_t *records, *records_end;
    int32_t output_step;     /* bytes from one output to the next */
    int32_t output_extent;   /* SMELT_LINE_BYTES for every two outputs, and as many more */
    int32_t odd;             /* 1: one output more */
};

/* Reads the words of two columns more than there are outputs. */
void smelt_depthwise_columns_s8__arm_dsp(struct smelt_depthwise_columns *columns);

/* One output pixel. Four channels have a record: four starts, a word of four weights a tap, four multipliers; the last
 * four channels overlap those before where channels are not fours. smelt_gemm_s8__arm_dsp.h has the meaning of starts and
 * multipliers; when `signed_rounding`, the divisor is 2^(lowest byte of the start), whose bits count for nothing else. */
struct smelt_depthwise_pixel {
    const uint32_t *records;
    const int8_t *const *taps; /* where the channels of each tap are, but for the offset */
    int32_t channels;          /* at least four */
    int32_t signed_rounding, zero_point;
    int32_t remainder; /* of the number of taps divided by three */
    const int8_t *const *taps_end;
};

/* All channels of a pixel whose taps begin `offset` bytes from where `taps` shows. */
void smelt_depthwise_pixel_s8__arm_dsp(int8_t *output, int32_t offset, const struct smelt_depthwise_pixel *pixel);

#endif
