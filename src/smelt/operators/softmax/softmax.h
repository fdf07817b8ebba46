/* Softmax of `rows` rows of `depth` elements; input and output may be the same memory. */
#ifndef SMELT_SOFTMAX_H
#define SMELT_SOFTMAX_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_softmax_s8_parameters {
    int32_t rows;
    uint16_t depth;              /* below 8192 */
    uint16_t length;             /* of the table; further from the maximum the exponential counts as 0 */
    const int32_t *exponentials; /* 2^31 * exp(-beta * scale * distance from the maximum) */
};

struct smelt_softmax_s16_parameters {
    int32_t rows;
    int32_t depth;                /* below 65536 */
    int32_t mantissa, shift;      /* from a difference of inputs to 65535 for 10 */
    const int16_t *exponentials;  /* 2^15 * exp(x) at 513 points from -10 to 0 */
    const int16_t *reciprocals;   /* 2^15 / (1 + x) at 513 points from 0 to 1 */
};

struct smelt_softmax_f32_parameters {
    int32_t rows, depth;
    float beta; /* factor of the inputs */
};

/* Tables of the int16 form, for programs that find their models later. */
extern const int16_t smelt_softmax_exponentials_s16[513], smelt_softmax_reciprocals_s16[513];

/* Output scale 1/256, zero point -128. */
SMELT_CODE_SECTION
void smelt_softmax_s8(int8_t *output, const int8_t *input, const struct smelt_softmax_s8_parameters *parameters);
/* Output scale 1/32768, zero point 0. */
SMELT_CODE_SECTION
void smelt_softmax_s16(int16_t *output, const int16_t *input, const struct smelt_softmax_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_softmax_f32(float *output, const float *input, const struct smelt_softmax_f32_parameters *parameters);

#endif
