/* Activations. `count` is in elements; input and output may be the same memory. */
#ifndef SMELT_ACTIVATION_H
#define SMELT_ACTIVATION_H

#include <stdint.h>

#include "smelt_placement.h"

/* relu, relu6, relu_n1_to_1 where input and output have the same scale and zero point */
struct smelt_relu_s8_parameters {
    int32_t count;
    int32_t low, high; /* bounds of the output */
};

struct smelt_relu_f32_parameters {
    int32_t count;
    float low, high;
};

struct smelt_leaky_relu_f32_parameters {
    int32_t count;
    float alpha; /* slope below 0 */
};

/* Any int8 activation: `table` holds the output for each input read as an unsigned byte. */
SMELT_CODE_SECTION
void smelt_lookup_s8(int8_t *output, const int8_t *input, const int8_t *table, int32_t count);
SMELT_CODE_SECTION
void smelt_relu_s8(int8_t *output, const int8_t *input, const struct smelt_relu_s8_parameters *parameters);

SMELT_CODE_SECTION
void smelt_relu_f32(float *output, const float *input, const struct smelt_relu_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_leaky_relu_f32(float *output, const float *input,
                          const struct smelt_leaky_relu_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_logistic_f32(float *output, const float *input, int32_t count);
SMELT_CODE_SECTION
void smelt_tanh_f32(float *output, const float *input, int32_t count);
SMELT_CODE_SECTION
void smelt_hard_swish_f32(float *output, const float *input, int32_t count);

#endif
