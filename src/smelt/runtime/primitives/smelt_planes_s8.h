/* Weights of one or two bits in planes, times a vector, without multiplications: groups of four elements of the vector
 * have tables of the sums of their 16 subsets, and each four bits of a plane look up one of them. */
#ifndef SMELT_PLANES_S8_H
#define SMELT_PLANES_S8_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_rows_s8.h"

/* A matrix whose weights are the mean, over its planes, of 1 where a bit is set and -1 where it is clear: with one plane
 * -1 and 1, with two -1, 0 and 1. For each 32 columns, for each row, for each plane there is a word, the first column in
 * its lowest bit; what is left of the columns is likewise in bytes of 8. Bits of no column are clear. */
struct smelt_planes_s8 {
    const uint32_t *words;
    const uint8_t *bytes;
    int32_t columns;
    uint8_t planes;
};

/* Of scratch, besides four bytes a row: eight tables of 16 sums. */
#define SMELT_PLANES_TABLES_BYTES 256

/* As smelt_rows_s8 without a correction; `first` is a multiple of `count`, and each `count` rows are a matrix.
 * Sums are of elements + 128: the biases of `rows` absorb 256 / planes for each set bit of a row.
 * scratch: 4 * count + SMELT_PLANES_TABLES_BYTES bytes, aligned to 4. */
SMELT_CODE_SECTION
void smelt_planes_s8(int8_t *output, const int8_t *vector, const struct smelt_planes_s8 *weights,
                     const struct smelt_rows_s8 *rows, int32_t first, int32_t count, void *scratch);

#endif
