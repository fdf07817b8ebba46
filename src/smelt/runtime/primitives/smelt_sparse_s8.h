/* A weight matrix most of whose weights are zero, times a vector: zeros are neither stored nor multiplied. */
#ifndef SMELT_SPARSE_S8_H
#define SMELT_SPARSE_S8_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s8.h"

/* Rows one after the other, each a number of records of three bytes: two weights of the row, and before them how far each
 * lies behind the one before (the first: behind column 0), in four bits, the first weight's in the lower ones.  What is
 * farther is reached by way of weights of zero. */
struct smelt_sparse_s8 {
    const uint8_t *records;
    const uint16_t *counts; /* of records, one a row */
};

/* As smelt_rows_s8 of rows 0 to count - 1, without a correction. */
SMELT_CODE_SECTION
void smelt_sparse_s8(int8_t *output, const int8_t *vector, const struct smelt_sparse_s8 *weights,
                     const struct smelt_rows_s8 *rows, int32_t count);

#endif
