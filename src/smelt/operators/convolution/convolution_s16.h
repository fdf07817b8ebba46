/* conv_2d and depthwise_conv_2d of int16 data, zero point 0, and int8 weights; see convolution.h. */
#ifndef SMELT_CONVOLUTION_S16_H
#define SMELT_CONVOLUTION_S16_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s16.h"
#include "smelt_window.h"

struct smelt_conv_2d_s16_parameters {
    struct smelt_window window;
    struct smelt_rows_s16 rows;
    uint16_t groups; /* of input channels and output channels */
};

struct smelt_depthwise_conv_2d_s16_parameters {
    struct smelt_window window;
    struct smelt_rows_s16 rows;
    uint16_t multiplier; /* output channels an input channel */
};

/* weights: [output channels, kernel height, kernel width, input channels / groups] */
SMELT_CODE_SECTION
void smelt_conv_2d_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                       const struct smelt_conv_2d_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                            const struct smelt_conv_2d_s16_parameters *parameters, int32_t first_row,
                            int32_t row_count, int32_t input_ring_rows);

/* weights: [kernel height, kernel width, output channels]; a kernel is at most 511 wide */
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                                 const struct smelt_depthwise_conv_2d_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                                      const struct smelt_depthwise_conv_2d_s16_parameters *parameters,
                                      int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
