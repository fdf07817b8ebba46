/* Convolutions in little code on Arm cores with the DSP extension: one body for conv_2d and depthwise_conv_2d. Weights are
 * packed for the core by operators/convolution/arm_dsp_compact.py. */
#ifndef SMELT_CONVOLUTION_COMPACT_ARM_DSP_H
#define SMELT_CONVOLUTION_COMPACT_ARM_DSP_H

#include <stdint.h>

#include "smelt_compact_s8__arm_dsp.h"

/* No groups, or one of each channel: then there are at least four. */
struct smelt_convolution_compact_s8__arm_dsp_parameters {
    struct smelt_compact_s8__arm_dsp gemm; /* depth: the values of a field, rounded up to fours, or of depthwise its taps */
    int8_t pad;                         /* the input zero point */
    uint8_t depthwise;
    uint8_t kernel_height, kernel_width, stride_height, stride_width;
    uint8_t dilation_height, dilation_width, pad_top, pad_left;
    uint8_t kept_rows; /* of the input, copied before an output row is written; 0: they lie apart from it */
    uint8_t together;  /* taps of a kernel row that lie side by side and are copied together */
    uint16_t batches, input_height, input_width, input_channels, output_height, output_width;
    uint16_t inner_first, inner_count; /* pixels of an output row none of whose taps is left or right of the image */
    uint16_t taps, values;             /* of a field */
    uint16_t pad_bytes;                /* input_channels, rounded up to words, where fields reach over an edge; else 0 */
};

/* scratch: a pointer a tap, pad_bytes, then kept_rows rows, or for conv_2d 6 * depth bytes. */
void smelt_convolution_compact_s8__arm_dsp(int8_t *output, const int8_t *input,
                                           const struct smelt_convolution_compact_s8__arm_dsp_parameters *parameters,
                                           void *scratch);

/* The output rows first_row .. first_row + row_count - 1 of one image, of whose input rows `input_ring_rows` are kept:
 * row r in the place of r modulo input_ring_rows. `output` is where row first_row goes. With kept_rows, scratch holds rows
 * from one call to the next, which has the next rows. Returns the end of what was written. */
int8_t *smelt_convolution_compact_rows_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_convolution_compact_s8__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
