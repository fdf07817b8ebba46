/* fully_connected: every input row times a weight matrix [outputs, inputs]. */
#ifndef SMELT_DENSE_H
#define SMELT_DENSE_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s8.h"

struct smelt_fully_connected_s8_parameters {
    int32_t batches, inputs, outputs;
    struct smelt_rows_s8 rows;
    int8_t weights_zero_point;
};

struct smelt_fully_connected_f32_parameters {
    int32_t batches, inputs, outputs;
    const float *bias; /* one an output */
    float low, high;   /* bounds of the output */
};

SMELT_CODE_SECTION
void smelt_fully_connected_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                              const struct smelt_fully_connected_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_fully_connected_f32(float *output, const float *input, const float *weights,
                               const struct smelt_fully_connected_f32_parameters *parameters);

#endif
