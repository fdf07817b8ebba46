/* fully_connected on Arm cores with Helium vectors: weights packed for the core by operators/dense/arm_mve.py. */
#ifndef SMELT_DENSE_ARM_MVE_H
#define SMELT_DENSE_ARM_MVE_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_mve.h"

struct smelt_fully_connected_s8__arm_mve_parameters {
    struct smelt_gemm_s8__arm_mve gemm; /* depth: inputs; count: outputs */
    int32_t batches;
};

void smelt_fully_connected_s8__arm_mve(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_mve_parameters *parameters);

#endif
