/* fully_connected of int16 data and int8 weights, both with zero point 0. */
#ifndef SMELT_DENSE_S16_H
#define SMELT_DENSE_S16_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s16.h"

struct smelt_fully_connected_s16_parameters {
    int32_t batches, inputs, outputs;
    struct smelt_rows_s16 rows;
};

SMELT_CODE_SECTION
void smelt_fully_connected_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                               const struct smelt_fully_connected_s16_parameters *parameters);

#endif
