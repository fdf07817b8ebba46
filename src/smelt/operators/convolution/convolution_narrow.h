/* conv_2d and depthwise_conv_2d of float data and weights of half precision, int8 or int4; see convolution.h.
 *
 * f32_f16, f32_s8 and f32_s4 compute in float. The dynamic functions quantize each image to `scratch`, a byte an input
 * element, and sum integers; conv_2d with int8 weights also wants four bytes an output channel and a byte a weight of
 * one of them there. int4 weights are two to a byte, the first of them in the lower half. */
#ifndef SMELT_CONVOLUTION_NARROW_H
#define SMELT_CONVOLUTION_NARROW_H

#include <stddef.h>
#include <stdint.h>

#include "smelt_narrow_f32.h"
#include "smelt_placement.h"
#include "smelt_window.h"

struct smelt_conv_2d_narrow_f32_parameters {
    struct smelt_window window;
    struct smelt_narrow_f32 narrow;
    uint16_t groups;
    uint16_t symmetric; /* how the dynamic functions quantize */
};

struct smelt_depthwise_conv_2d_narrow_f32_parameters {
    struct smelt_window window;
    struct smelt_narrow_f32 narrow;
    uint16_t multiplier; /* output channels an input channel */
    uint16_t symmetric;
};

SMELT_CODE_SECTION
void smelt_conv_2d_rows_f32_f16(float *output, const float *input, const uint16_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_conv_2d_f32_f16(float *output, const float *input, const uint16_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_f32_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_conv_2d_f32_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_f32_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_conv_2d_f32_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_conv_2d_dynamic_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_conv_2d_dynamic_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_f32_f16(float *output, const float *input, const uint16_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_f32_f16(float *output, const float *input, const uint16_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_f32_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_f32_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_f32_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_f32_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_dynamic_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_dynamic_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_narrow_f32_parameters *parameters, void *scratch);

#endif
