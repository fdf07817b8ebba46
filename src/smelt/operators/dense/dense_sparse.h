/* fully_connected of int8 data and weights most of which are zero; see smelt_sparse_s8.h. */
#ifndef SMELT_DENSE_SPARSE_H
#define SMELT_DENSE_SPARSE_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_sparse_s8.h"

struct smelt_fully_connected_sparse_s8_parameters {
    int32_t batches, inputs, outputs;
    struct smelt_rows_s8 rows;
    struct smelt_sparse_s8 weights;
};

SMELT_CODE_SECTION
void smelt_fully_connected_sparse_s8(int8_t *output, const int8_t *input,
                                     const struct smelt_fully_connected_sparse_s8_parameters *parameters);

#endif
