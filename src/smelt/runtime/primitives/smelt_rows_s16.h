/* From 64-bit sums of int16 values times int8 weights to the int16 values of channels: what convolutions and
 * fully_connected share. */
#ifndef SMELT_ROWS_S16_H
#define SMELT_ROWS_S16_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_rows_s16 {
    const void *bias;         /* one a row: int64_t where `wide`, else int32_t */
    const int16_t *mantissas; /* the multiplier of each row (step 1), or of all rows (step 0), in 15 bits */
    const uint8_t *shifts;    /* to the right, 1 to 46 */
    int16_t low, high;        /* bounds of the output */
    uint8_t step, wide;
};

/* The most products of int16 and int8 whose sum is sure to fit 32 bits. */
#define SMELT_SUMMED_S16 511

/* The output of one row: bias + sum, multiplied, rounded once, ties towards plus infinity, and clamped. */
SMELT_CODE_SECTION
int16_t smelt_row_output_s16(const struct smelt_rows_s16 *rows, int32_t row, int64_t sum);

SMELT_CODE_SECTION
static inline int64_t smelt_dot_s16(const int16_t *x, const int8_t *w, int32_t count) {
    int64_t total = 0;
    while (count > 0) {
        int32_t sum = 0;
        int32_t run = count < SMELT_SUMMED_S16 ? count : SMELT_SUMMED_S16;
        for (count -= run; run > 0; run--) {
            sum += *x++ * *w++;
        }
        total += sum;
    }
    return total;
}

#endif
