/* Convolutions on Arm cores with the DSP extension: weights packed for the core by operators/convolution/arm_dsp.py. */
#ifndef SMELT_CONVOLUTION_ARM_DSP_H
#define SMELT_CONVOLUTION_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"
#include "smelt_window.h"

/* No groups. */
struct smelt_conv_2d_s8__arm_dsp_parameters {
    struct smelt_gemm_s8__arm_dsp gemm; /* depth: kernel height * width * channels, rounded up to fours */
    int8_t pad;                         /* the input zero point */
    uint8_t kernel_height, kernel_width, stride_height, stride_width;
    uint8_t dilation_height, dilation_width, pad_top, pad_left;
    uint16_t batches, input_height, input_width, input_channels, output_height, output_width;
    uint16_t padded_width; /* columns of a padded row, as each kernel says */
};

/* A field consists of runs of values that lie side by side: rows of the kernel or, where dilated, taps. The weights have
 * the whole words of four values of all runs first, then the rest of all runs, of which neighbours are a pair. Padded rows
 * are kept where padded_width is not 0; it may be 0 where no field reaches over an edge.
 * scratch: 4 * depth bytes of expanded inputs; 4 bytes a run for each of two pixels; (kernel_height - 1) * dilation_height + 1
 * padded rows, stride_height more where the output width is odd. */
void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch);

/* The output rows first_row .. first_row + row_count - 1 of one image, of whose input rows `input_ring_rows` are kept:
 * row r in the place of r modulo input_ring_rows. `output` is where row first_row goes. */
void smelt_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* The same for input channels that are a multiple of 16, output channels of 4, dilation 1, with input values in the
 * weights by sixteen channels, kernel rows, and kernel columns in the order 0, stride, ..., 1, 1 + stride, ...
 * padded_width is a multiple of the stride, and has room for an even number of output columns.
 * scratch: kernel_height padded rows of 2 bytes a value; 8 bytes for every three kernel columns, or what is left of them,
 * that are the stride apart in a kernel row, every sixteen channels; and 8 bytes. */
void smelt_conv_2d_ring_s8__arm_dsp(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch);
void smelt_conv_2d_ring_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                         const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch,
                                         int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* The same for input channels that are a multiple of 4; padded_width is 0 where no field reaches over an edge.
 * scratch: 4 * depth bytes of expanded inputs; 4 bytes a tap for each of two pixels; then a pad for every input channel unless
 * padded_width is 0. */
void smelt_conv_2d_taps_s8__arm_dsp(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch);
void smelt_conv_2d_taps_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                         const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch,
                                         int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* The same for a kernel of 1 x 1, stride 1, no pads, 8, 16 or 32 input channels, output channels a multiple of 4,
 * signed_rounding 0. scratch: 4 * depth bytes. */
void smelt_conv_2d_short_s8__arm_dsp(int8_t *output, const int8_t *input,
                                     const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch);
void smelt_conv_2d_short_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                          const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch,
                                          int32_t first_row, int32_t row_count, int32_t input_ring_rows);

struct smelt_conv_2d_winograd_s8__arm_dsp_parameters {
    const uint32_t *weights; /* transformed: four output channels after the other, smelt_winograd_s8__arm_dsp.h has them */
    const int32_t *records;  /* start, multiplier and, where rounding is signed, divisor of every output channel */
    uint16_t batches, input_height, input_width, input_channels, output_height, output_width, output_channels;
    uint16_t padded_width;   /* columns of a padded row: two more than a multiple of 4 */
    uint8_t pad_top, pad_left, signed_rounding;
    int8_t pad;              /* the input zero point */
    int8_t zero_point, low, high; /* of the output */
};

/* A kernel of 3 x 3, stride and dilation 1; input channels a multiple of 16, output channels of 4. Weights take 32 bytes
 * for each pair of an input and an output channel. Reads what it needs of the input before it writes an output row.
 * scratch: 4 padded rows of a byte a value, 64 bytes an input channel, 512 bytes. */
void smelt_conv_2d_winograd_s8__arm_dsp(int8_t *output, const int8_t *input,
                                        const struct smelt_conv_2d_winograd_s8__arm_dsp_parameters *parameters,
                                        void *scratch);

struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters {
    struct smelt_window window;
    const uint32_t *records; /* smelt_depthwise_s8__arm_dsp.h has them */
    int32_t pad;             /* the input zero point */
    int32_t pad_bytes;       /* the channels where fields reach over an edge, else 0 */
    int32_t signed_rounding, zero_point;
    int32_t low, high;       /* bounds of the output */
};

/* At least four channels, multiplier 1. scratch: a pointer a tap, then pad_bytes. */
void smelt_depthwise_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                                         const struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters *parameters,
                                         void *scratch);

/* Output rows first_row .. first_row + row_count - 1 of one image, of which `output` shows the first; input row r lies
 * at (r modulo input_ring_rows) rows from `input`. Each row is written before the next one's inputs are read. */
void smelt_depthwise_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                              const struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters *parameters,
                                              void *scratch, int32_t first_row, int32_t row_count,
                                              int32_t input_ring_rows);

/* One dimension of a 3 x 3 depthwise convolution. */
struct smelt_depthwise_axis {
    int32_t input_step, output_step; /* bytes from one value to the next */
    uint16_t inputs, outputs;
    uint8_t stride, pad;
};

/* Lines run along one dimension, rows are counted along the other. */
struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters {
    const uint32_t *records; /* a start a channel, a multiplier a channel, then 3 x 3 bytes of taps a channel */
    struct smelt_depthwise_axis line, row;
    uint16_t batches, channels;
    uint8_t along_height; /* lines run along it; else along the width */
    int8_t pad;           /* the input zero point */
    int8_t low, high;     /* bounds of the output */
};

/* At least four channels, multiplier 1, stride 1 or 2 along lines and width. scratch: 12 words for every word of the
 * longer lines. Goes through all rows of four channels, then of the next four. */
void smelt_depthwise_conv_2d_3x3_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters *parameters,
    void *scratch);

/* The same for rows, as smelt_depthwise_conv_2d_rows_s8__arm_dsp. */
void smelt_depthwise_conv_2d_3x3_rows_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);

struct smelt_depthwise_conv_2d_columns_s8__arm_dsp_parameters {
    const uint32_t *records; /* smelt_depthwise_s8__arm_dsp.h has them */
    uint16_t batches, channels, input_height, input_width, output_height, output_width;
    uint8_t stride_height, pad_top, pad_left;
    int8_t pad;       /* the input zero point */
    int8_t low, high; /* bounds of the output */
};

/* 3 x 3, channels a multiple of four, multiplier 1, stride 1 along the width. Least work where single short rows are asked for.
 * scratch: 12 words for every two columns of outputs and two more, rounded up. */
void smelt_depthwise_conv_2d_columns_s8__arm_dsp(
    int8_t *output, const int8_t *input,
    const struct smelt_depthwise_conv_2d_columns_s8__arm_dsp_parameters *parameters, void *scratch);

/* The same for rows, as smelt_depthwise_conv_2d_rows_s8__arm_dsp. */
void smelt_depthwise_conv_2d_columns_rows_s8__arm_dsp(
    int8_t *output, const int8_t *input,
    const struct smelt_depthwise_conv_2d_columns_s8__arm_dsp_parameters *parameters, void *scratch, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);

#endif
