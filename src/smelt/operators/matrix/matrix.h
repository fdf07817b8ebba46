/* Products of matrices. */
#ifndef SMELT_MATRIX_H
#define SMELT_MATRIX_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s16.h"

/* Steps are in elements, from one row, summed element or column to the next. The matrices are walked like the elements of
 * a broadcast (smelt_broadcast.h): rows of `count`, the inputs advancing by step_a and step_b (0 or 1) matrices. */
struct smelt_matrices {
    int32_t rows, inner, columns;
    int32_t row_step_a, inner_step_a, inner_step_b, column_step_b;
    int32_t count, step_a, step_b;
    const int32_t *batches;
};

struct smelt_batch_matmul_f32_parameters {
    struct smelt_matrices walk;
};

struct smelt_batch_matmul_s8_parameters {
    struct smelt_matrices walk;
    int32_t mantissa, shift; /* scale of a * scale of b / that of the output */
    int32_t zero_point_a, zero_point_b, zero_point;
};

/* Zero points are 0. */
struct smelt_batch_matmul_s16_parameters {
    struct smelt_matrices walk;
    struct smelt_rows_s16 rows; /* one for all */
};

SMELT_CODE_SECTION
void smelt_batch_matmul_f32(float *output, const float *a, const float *b,
                            const struct smelt_batch_matmul_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_batch_matmul_s8(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_batch_matmul_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_batch_matmul_s16(int16_t *output, const int16_t *a, const int16_t *b,
                            const struct smelt_batch_matmul_s16_parameters *parameters);

#endif
