/* Depthwise convolutions over lines of pairs (smelt_depthwise_lines_s8__arm_dsp.h), prepared by
 * operators/convolution/arm_dsp_depthwise_lines.py. */
#ifndef SMELT_DEPTHWISE_LINES_ARM_DSP_H
#define SMELT_DEPTHWISE_LINES_ARM_DSP_H

#include <stdint.h>

#include "smelt_depthwise_lines_s8__arm_dsp.h"

/* A line goes along one dimension of the image, rows are counted along the other. The lines of a block of output rows are
 * computed together. */
struct smelt_depthwise_lines_s8__arm_dsp_parameters {
    struct smelt_depthwise_line_shape shape;
    struct smelt_depthwise_words inputs;  /* of an input row */
    struct smelt_depthwise_words weights; /* of a kernel, a plane for each of its rows; no planes for `row` */
    const uint32_t *scales;               /* a start a channel, then a multiplier a channel; all again for the next output
                                             of a channel */
    const int8_t *taps;                   /* `row`: [output of a channel][channel][tap];
                                             else [output of a channel][row of the kernel][tap of the row][channel] */
    int32_t input_row_step, output_row_step; /* bytes */
    int32_t input_bytes, output_bytes;       /* of an image */
    int32_t taps_bytes;                      /* of one output of all channels */
    uint16_t batches, channels, multiplier;
    uint16_t input_rows, output_rows, row_stride, row_pad;
    uint16_t block_rows;     /* output rows */
    int16_t overlap;         /* input rows of a block beyond its output rows times the stride, below 0 if there are gaps */
    uint16_t outputs;        /* of a line */
    uint16_t lines, shorter_lines; /* of an output row: those that have `outputs`, and those that have one less */
    int8_t pad;              /* the input zero point */
    int8_t low, high;        /* bounds of the output */
};

/* scratch: 4 bytes; the words of the weights; the words of the input rows of a block. Goes through all rows of four channels, then of the next four. */
void smelt_depthwise_conv_2d_row_s8__arm_dsp(int8_t *output, const int8_t *input,
                                             const struct smelt_depthwise_lines_s8__arm_dsp_parameters *parameters,
                                             void *scratch);
void smelt_depthwise_conv_2d_fours_s8__arm_dsp(int8_t *output, const int8_t *input,
                                               const struct smelt_depthwise_lines_s8__arm_dsp_parameters *parameters,
                                               void *scratch);
void smelt_depthwise_conv_2d_taps_s8__arm_dsp(int8_t *output, const int8_t *input,
                                              const struct smelt_depthwise_lines_s8__arm_dsp_parameters *parameters,
                                              void *scratch);

/* Output rows first_row .. first_row + row_count - 1 of one image, of which `output` shows the first; input row r lies
 * at (r modulo input_ring_rows) rows from `input`. For lines along the width. */
void smelt_depthwise_conv_2d_row_rows_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_lines_s8__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);
void smelt_depthwise_conv_2d_fours_rows_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_lines_s8__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);
void smelt_depthwise_conv_2d_taps_rows_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_lines_s8__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
