/* fully_connected of int16 data and int8 weights on Arm cores with the DSP extension. */
#ifndef SMELT_DENSE_S16_ARM_DSP_H
#define SMELT_DENSE_S16_ARM_DSP_H

#include <stdint.h>

#include "smelt_gemm_s16__arm_dsp.h"
#include "smelt_narrow_s16__arm_dsp.h"
#include "smelt_placement.h"

struct smelt_fully_connected_s16__arm_dsp_parameters {
    int32_t batches, inputs;
    struct smelt_gemm_s16__arm_dsp gemm;
    struct smelt_narrow_s16__arm_dsp outputs;
};

/* scratch: gemm.depth values where that is not `inputs`, else unused. */
SMELT_CODE_SECTION
void smelt_fully_connected_s16__arm_dsp(int16_t *output, const int16_t *input,
                                        const struct smelt_fully_connected_s16__arm_dsp_parameters *parameters,
                                        void *scratch);

#endif
