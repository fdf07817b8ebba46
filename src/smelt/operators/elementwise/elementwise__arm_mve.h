/* Elementwise arithmetic on Arm cores with Helium vectors. */
#ifndef SMELT_ELEMENTWISE_ARM_MVE_H
#define SMELT_ELEMENTWISE_ARM_MVE_H

#include "elementwise.h"

/* As smelt_add_affine_s8, with both steps 1. */
void smelt_add_affine_s8__arm_mve(int8_t *output, const int8_t *a, const int8_t *b,
                                  const struct smelt_add_affine_s8_parameters *parameters);

/* As smelt_add_s8, with both steps 1. */
void smelt_add_s8__arm_mve(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_add_s8_parameters *parameters);

#endif
