/* fully_connected on Arm cores without a DSP extension (Armv6-M): tables made by operators/dense/arm_v6m.py. */
#ifndef SMELT_DENSE_ARM_V6M_H
#define SMELT_DENSE_ARM_V6M_H

#include <stdint.h>

#include "smelt_dense_s8__arm_v6m.h"
#include "smelt_requantize_s8__arm_v6m.h"

struct smelt_fully_connected_s8__arm_v6m_parameters {
    const uint32_t *weights; /* smelt_dense_s8__arm_v6m.h */
    const int32_t *starts;
    const uint32_t *records; /* smelt_requantize_s8__arm_v6m.h; one for all outputs or one for each, with start 0 */
    int32_t batches, inputs, outputs;
    int32_t whole;  /* inputs in the words before the last one */
    int32_t shared; /* whether there is one record for all */
    int32_t shift;  /* of the requantization */
    int32_t copied; /* whether rows are copied to scratch, since not all of them begin at a word */
};

/* input: begins at a word. scratch, where rows are copied: a row of inputs. */
void smelt_fully_connected_s8__arm_v6m(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_v6m_parameters *parameters,
                                       void *scratch);

#endif
