/* fully_connected on Arm cores with the DSP extension: weights packed for the core by operators/dense/arm_dsp.py. */
#ifndef SMELT_DENSE_ARM_DSP_H
#define SMELT_DENSE_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s8__arm_dsp.h"

struct smelt_fully_connected_s8__arm_dsp_parameters {
    struct smelt_gemm_s8__arm_dsp gemm; /* depth: inputs, rounded up to fours; channels: outputs */
    uint16_t batches, inputs;
};

/* scratch: 2 * depth bytes of expanded inputs. */
void smelt_fully_connected_s8__arm_dsp(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_dsp_parameters *parameters,
                                       void *scratch);

/* The same for two rows at a time; multipliers are not uniform. scratch: 4 * depth + 8 bytes. */
void smelt_fully_connected_pairs_s8__arm_dsp(int8_t *output, const int8_t *input,
                                             const struct smelt_fully_connected_s8__arm_dsp_parameters *parameters,
                                             void *scratch);

#endif
