/* Elementwise arithmetic on Arm cores with the DSP extension. */
#ifndef SMELT_ELEMENTWISE_ARM_DSP_H
#define SMELT_ELEMENTWISE_ARM_DSP_H

#include "elementwise.h"

/* As smelt_add_affine_s8, with shift 21 and full range: low and high are those of int8. */
SMELT_CODE_SECTION
void smelt_add_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_add_affine_s8_parameters *parameters);

/* As smelt_add_affine_s8 with shift 21. */
SMELT_CODE_SECTION
void smelt_add_clamped_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                                   const struct smelt_add_affine_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_add_broadcast_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                                     const struct smelt_add_affine_s8_parameters *row, const int32_t *table);

/* As smelt_mul_s8, with shift -31 .. -2 and full range: low and high are those of int8. */
SMELT_CODE_SECTION
void smelt_mul_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_mul_s8_parameters *parameters);

/* As smelt_mul_s8 with shift -31 .. -2. */
SMELT_CODE_SECTION
void smelt_mul_clamped_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                                   const struct smelt_mul_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_mul_broadcast_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                                     const struct smelt_mul_s8_parameters *row, const int32_t *table);

#endif
