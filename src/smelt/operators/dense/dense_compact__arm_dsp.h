/* fully_connected in little code on Arm cores with the DSP extension: weights packed by operators/dense/arm_dsp_compact.py. */
#ifndef SMELT_DENSE_COMPACT_ARM_DSP_H
#define SMELT_DENSE_COMPACT_ARM_DSP_H

#include <stdint.h>

#include "smelt_compact_s8__arm_dsp.h"

struct smelt_fully_connected_compact_s8__arm_dsp_parameters {
    struct smelt_compact_s8__arm_dsp gemm; /* depth: inputs, rounded up to fours; channels: outputs */
    uint16_t batches, inputs;
};

/* scratch: depth bytes where inputs are less, else none (NULL). */
void smelt_fully_connected_compact_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_fully_connected_compact_s8__arm_dsp_parameters *parameters,
    void *scratch);

/* One row, with weights that are not uniform, by the code of convolutions. scratch: 6 * depth bytes. */
void smelt_fully_connected_short_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_fully_connected_compact_s8__arm_dsp_parameters *parameters,
    void *scratch);

#endif
