/* Elementwise arithmetic: add (sub is add with sign_b = -1) and mul.
 *
 * The plain functions compute one row: `count` outputs, the inputs advancing by step_a and step_b (0 or 1)
 * elements. With both steps 1 the output may be the memory of an input. The broadcast functions repeat
 * the row over three loops; smelt_broadcast.h describes their table. */
#ifndef SMELT_ELEMENTWISE_H
#define SMELT_ELEMENTWISE_H

#include <stdint.h>

#include "smelt_placement.h"

/* Of int8 and of int16 values. */
struct smelt_add_s8_parameters {
    int32_t count, step_a, step_b;
    int32_t zero_point_a, zero_point_b;
    int32_t mantissa_a, divide_a; /* (input << 20, int16: 15) * mantissa / 2^31 / 2^divide */
    int32_t mantissa_b, divide_b;
    int32_t sign_b;               /* 1 or -1 */
    int32_t mantissa, divide;
    int32_t zero_point, low, high; /* of the output */
};

/* output = clamp((start + floor(multiplier_a * a / 2^8) + floor(multiplier_b * b / 2^8)) >> shift); no sum overflows. */
struct smelt_add_affine_s8_parameters {
    int32_t count, multiplier_a, multiplier_b, start;
    uint8_t step_a, step_b, shift;
    int8_t low, high;
};

/* Of int8 values, and of int16 values with input zero points 0. */
struct smelt_mul_s8_parameters {
    int32_t count, step_a, step_b;
    int32_t zero_point_a, zero_point_b;
    int32_t mantissa, shift;
    int32_t zero_point, low, high; /* of the output */
};

struct smelt_add_f32_parameters {
    int32_t count, step_a, step_b;
    float sign_b; /* 1 or -1 */
    float low, high;
};

struct smelt_mul_f32_parameters {
    int32_t count, step_a, step_b;
    float low, high;
};

SMELT_CODE_SECTION
void smelt_add_s8(int8_t *output, const int8_t *a, const int8_t *b,
                  const struct smelt_add_s8_parameters *parameters);
/* The same for steps and sign 1 and divisors up to 2^30, of an interpreter, which cannot look for an affine form. */
SMELT_CODE_SECTION
void smelt_add_natural_s8(int8_t *output, const int8_t *a, const int8_t *b,
                          const struct smelt_add_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_add_affine_s8(int8_t *output, const int8_t *a, const int8_t *b,
                         const struct smelt_add_affine_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_mul_s8(int8_t *output, const int8_t *a, const int8_t *b,
                  const struct smelt_mul_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_add_s16(int16_t *output, const int16_t *a, const int16_t *b,
                   const struct smelt_add_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_mul_s16(int16_t *output, const int16_t *a, const int16_t *b,
                   const struct smelt_mul_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_add_f32(float *output, const float *a, const float *b,
                   const struct smelt_add_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_mul_f32(float *output, const float *a, const float *b,
                   const struct smelt_mul_f32_parameters *parameters);

SMELT_CODE_SECTION
void smelt_add_broadcast_s8(int8_t *output, const int8_t *a, const int8_t *b,
                            const struct smelt_add_s8_parameters *row, const int32_t *table);
SMELT_CODE_SECTION
void smelt_add_affine_broadcast_s8(int8_t *output, const int8_t *a, const int8_t *b,
                                   const struct smelt_add_affine_s8_parameters *row, const int32_t *table);
SMELT_CODE_SECTION
void smelt_mul_broadcast_s8(int8_t *output, const int8_t *a, const int8_t *b,
                            const struct smelt_mul_s8_parameters *row, const int32_t *table);
SMELT_CODE_SECTION
void smelt_add_broadcast_s16(int16_t *output, const int16_t *a, const int16_t *b,
                             const struct smelt_add_s8_parameters *row, const int32_t *table);
SMELT_CODE_SECTION
void smelt_mul_broadcast_s16(int16_t *output, const int16_t *a, const int16_t *b,
                             const struct smelt_mul_s8_parameters *row, const int32_t *table);
SMELT_CODE_SECTION
void smelt_add_broadcast_f32(float *output, const float *a, const float *b,
                             const struct smelt_add_f32_parameters *row, const int32_t *table);
SMELT_CODE_SECTION
void smelt_mul_broadcast_f32(float *output, const float *a, const float *b,
                             const struct smelt_mul_f32_parameters *row, const int32_t *table);

#endif
