/* conv_2d and depthwise_conv_2d. Activations are NHWC.
 *
 * A function with `rows` in its name computes row_count output rows of a batch of one, from first_row on, the first at
 * `output`; row r of the input lies r modulo input_ring_rows rows after `input`. */
#ifndef SMELT_CONVOLUTION_H
#define SMELT_CONVOLUTION_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s8.h"
#include "smelt_window.h"

struct smelt_conv_2d_s8_parameters {
    struct smelt_window window;
    struct smelt_rows_s8 rows;
    uint16_t groups;  /* of input channels and output channels */
    int8_t gather;    /* 0: every receptive field is one run of bytes inside the input */
    int8_t pad;       /* the input zero point */
};

struct smelt_depthwise_conv_2d_s8_parameters {
    struct smelt_window window;
    struct smelt_rows_s8 rows;
    uint16_t multiplier; /* output channels an input channel */
    int8_t pad;          /* the input zero point */
};

struct smelt_conv_2d_f32_parameters {
    struct smelt_window window;
    const float *bias; /* one an output channel */
    uint16_t groups;
    float low, high;   /* bounds of the output */
};

struct smelt_depthwise_conv_2d_f32_parameters {
    struct smelt_window window;
    const float *bias;
    uint16_t multiplier;
    float low, high;
};

/* weights: [output channels, kernel height, kernel width, input channels / groups];
 * scratch: kernel height * kernel width * input channels / groups bytes when `gather` or when fields of several rows
 * move down, else unused. */
SMELT_CODE_SECTION
void smelt_conv_2d_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                      const struct smelt_conv_2d_s8_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                           const struct smelt_conv_2d_s8_parameters *parameters, void *scratch, int32_t first_row,
                           int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_conv_2d_f32(float *output, const float *input, const float *weights,
                       const struct smelt_conv_2d_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_f32(float *output, const float *input, const float *weights,
                            const struct smelt_conv_2d_f32_parameters *parameters, int32_t first_row,
                            int32_t row_count, int32_t input_ring_rows);

/* weights: [kernel height, kernel width, output channels];
 * scratch: kernel height * kernel width * input channels bytes when some field reaches over an edge or fields of
 * several rows move down, else unused. */
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                const struct smelt_depthwise_conv_2d_s8_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                     const struct smelt_depthwise_conv_2d_s8_parameters *parameters, void *scratch,
                                     int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_f32(float *output, const float *input, const float *weights,
                                 const struct smelt_depthwise_conv_2d_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_f32(float *output, const float *input, const float *weights,
                                      const struct smelt_depthwise_conv_2d_f32_parameters *parameters,
                                      int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
