/* Products of matrices. */
#ifndef SMELT_MATRIX_H
#define SMELT_MATRIX_H

#include <stdint.h>

#include "smelt_placement.h"

/* Steps are in elements, from one row, summed element or column to the next. The matrices are walked like the elements of
 * a broadcast (smelt_broadcast.h): rows of `count`, the inputs advancing by step_a and step_b (0 or 1) matrices. */
struct smelt_batch_matmul_f32_parameters {
    int32_t rows, inner, columns;
    int32_t row_step_a, inner_step_a, inner_step_b, column_step_b;
    int32_t count, step_a, step_b;
    const int32_t *batches;
};

void smelt_batch_matmul_f32(float *output, const float *a, const float *b,
                            const struct smelt_batch_matmul_f32_parameters *parameters);

#endif
