/* Activations of int16 values. `count` is in elements; input and output may be the same memory. */
#ifndef SMELT_ACTIVATION_S16_H
#define SMELT_ACTIVATION_S16_H

#include <stdint.h>

#include "smelt_placement.h"

/* logistic and tanh, output scale 1/32768; see src/smelt/operators/activation/wide.py */
struct smelt_sigmoid_s16_parameters {
    const uint16_t *table; /* 2^16 / (1 + exp(-i / 24)) for i = 0 .. 255 */
    int32_t count;
    int32_t multiplier;    /* (input * multiplier) >> shift, rounded, is 2^17 for 10.67 */
    uint32_t shift;
};

/* relu, relu6, relu_n1_to_1 and leaky_relu: a multiplier for each sign of the centred input */
struct smelt_slopes_s16_parameters {
    int32_t count;
    int32_t input_zero_point;
    int32_t mantissa, shift;
    int32_t negative_mantissa, negative_shift;
    int32_t zero_point, low, high; /* of the output */
};

SMELT_CODE_SECTION
void smelt_logistic_s16(int16_t *output, const int16_t *input,
                        const struct smelt_sigmoid_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_tanh_s16(int16_t *output, const int16_t *input, const struct smelt_sigmoid_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_slopes_s16(int16_t *output, const int16_t *input, const struct smelt_slopes_s16_parameters *parameters);

#endif
