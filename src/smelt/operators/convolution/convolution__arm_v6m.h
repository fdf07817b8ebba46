/* Convolutions on cores without a DSP extension (Armv6-M; conv_2d on any): tables made by operators/convolution/arm_v6m.py. */
#ifndef SMELT_CONVOLUTION_ARM_V6M_H
#define SMELT_CONVOLUTION_ARM_V6M_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_v6m.h"
#include "smelt_window.h"

struct smelt_conv_2d_s8__arm_v6m_parameters {
    struct smelt_window window;
    struct smelt_gemm_s8__arm_v6m gemm; /* depth: kernel height * width * channels, rounded up to fours */
    int32_t pad;                        /* the input zero point */
};

/* scratch: 16 * depth + SMELT_GEMM_SUMS_BYTES + input channels bytes. */
void smelt_conv_2d_s8__arm_v6m(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_v6m_parameters *parameters, void *scratch);

/* The output rows first_row .. first_row + row_count - 1 of one image, of whose input rows `input_ring_rows` are kept:
 * row r in the place of r modulo input_ring_rows. `output` is where row first_row goes. */
void smelt_conv_2d_rows_s8__arm_v6m(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_v6m_parameters *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* One dimension of a depthwise convolution. */
struct smelt_depthwise_axis__arm_v6m {
    int32_t inputs, outputs, kernel, stride, dilation, pad;
    int32_t input_step, output_step; /* bytes from one value to the next */
};

/* Lines of outputs run along one dimension, where the dilation is 1; rows are counted along the other. */
struct smelt_depthwise_conv_2d_s8__arm_v6m_parameters {
    const uint32_t *records; /* a channel: smelt_requantize_s8__arm_v6m.h */
    const int8_t *weights;   /* a channel: each row of the kernel, rounded up to threes */
    struct smelt_depthwise_axis__arm_v6m line, row;
    const int16_t *residues; /* of positions modulo the stride: pads before the inputs, inputs */
    int32_t batches, channels, multiplier; /* channels of the input; multiplier times as many of the output */
    int32_t image_bytes;                   /* of the input */
    int32_t row_chunks;                    /* threes of weights in a row of the kernel */
    int32_t line_positions;                /* words P and Q of a line, with a margin of two strides */
    int32_t line_sums;                     /* outputs of a line, rounded up to threes */
    int32_t pad;                           /* the input zero point */
    int32_t shift;                         /* of the requantization */
};

/* scratch: 8 * line_positions bytes for each row of inputs that the kernel spans and for one of pads; 16 bytes a chunk
 * of three weights; 4 * line_sums bytes; 4 bytes for each row that the kernel spans. */
void smelt_depthwise_conv_2d_s8__arm_v6m(int8_t *output, const int8_t *input,
                                         const struct smelt_depthwise_conv_2d_s8__arm_v6m_parameters *parameters,
                                         void *scratch);

#endif
