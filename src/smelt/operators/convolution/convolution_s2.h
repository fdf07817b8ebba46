/* depthwise_conv_2d of int8 data and weights of two bits, four to a byte, the first in the lowest bits.
 *
 * Parameters are those of int8 weights (convolution.h), but the bias does not absorb the input zero point. */
#ifndef SMELT_CONVOLUTION_S2_H
#define SMELT_CONVOLUTION_S2_H

#include <stddef.h>
#include <stdint.h>

#include "convolution.h"
#include "smelt_placement.h"

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_s8_s2(int8_t *output, const int8_t *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_s8_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s8_s2(int8_t *output, const int8_t *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_s8_parameters *parameters);

#endif
