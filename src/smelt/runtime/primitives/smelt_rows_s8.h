/* From int32 sums to the int8 values of channels, and the product of a weight matrix with a vector:
 * what convolutions and fully_connected share. */
#ifndef SMELT_ROWS_S8_H
#define SMELT_ROWS_S8_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_rows_s8 {
    const int32_t *bias;      /* one a row; absorbs the input zero point */
    const int32_t *mantissas; /* the multiplier of each row (step 1), or of all rows (step 0) */
    const int8_t *shifts;
    int8_t step;
    int8_t zero_point;        /* of the output */
    int8_t low, high;         /* bounds of the output */
};

/* The output of one row: clamp(requantize(bias + sum) + zero point); bias + sum is modulo 2^32. */
SMELT_CODE_SECTION
int8_t smelt_row_output_s8(const struct smelt_rows_s8 *rows, int32_t row, int32_t sum);

/* output[j] = the output of row first + j, for j < count: its sum is vector . weights of the row + correction.
 * weights points to row 0 of a matrix with `columns` columns. */
SMELT_CODE_SECTION
void smelt_rows_s8(int8_t *output, const int8_t *vector, const int8_t *weights, int32_t columns,
                   const struct smelt_rows_s8 *rows, int32_t first, int32_t count, int32_t correction);

#endif
