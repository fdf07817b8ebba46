/* fully_connected on Arm cores with the DSP extension: weights packed for the core by operators/dense/arm_dsp.py. */
#ifndef SMELT_DENSE_ARM_DSP_H
#define SMELT_DENSE_ARM_DSP_H

#include <stdint.h>

#include "smelt_dense_s8__arm_dsp.h"
#include "smelt_gemm_s8__arm_dsp.h"

struct smelt_fully_connected_s8__arm_dsp_parameters {
    struct smelt_dense_s8__arm_dsp dense;
    uint16_t inputs;
    uint16_t batches; /* 0 for one vector that is all blocks of four rows, with no bounds but those of int8 */
};

void smelt_fully_connected_s8__arm_dsp(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_dsp_parameters *parameters);

struct smelt_fully_connected_pairs_s8__arm_dsp_parameters {
    struct smelt_gemm_s8__arm_dsp gemm; /* depth: inputs, rounded up to fours; channels: outputs */
    uint16_t batches, inputs;
};

/* Two rows at a time. scratch: 4 * depth bytes. */
void smelt_fully_connected_pairs_s8__arm_dsp(int8_t *output, const int8_t *input,
                                             const struct smelt_fully_connected_pairs_s8__arm_dsp_parameters *parameters,
                                             void *scratch);

#endif
