/* What the pooling kernels share: the part of a window inside the input, and its sum. Sizes count elements. */
#ifndef SMELT_POOL_WINDOW_H
#define SMELT_POOL_WINDOW_H

#include <stdint.h>

#include "smelt_placement.h"

/* Cut a window that begins at *start to the size elements of its dimension; returns what is left of it. */
SMELT_CODE_SECTION
static inline int32_t smelt_pool_clip(int32_t *start, int32_t filter, int32_t size) {
    const int32_t end = *start + filter < size ? *start + filter : size;
    if (*start < 0) {
        *start = 0;
    }
    return end - *start;
}

/* `count` rows, `step` from one to the next, the first at `first` of a ring that holds `ring` elements and ends
 * after `before_end` of these rows (0: it does not). */
struct smelt_pool_rows {
    int32_t count, step, first, ring, before_end;
};

/* What lies inside an input of `size` rows of a window that begins in row `top`; row r is row r modulo `ring_rows`
 * of the ring. */
SMELT_CODE_SECTION
static inline struct smelt_pool_rows smelt_pool_rows(int32_t top, int32_t filter, int32_t size, int32_t step,
                                                     int32_t ring_rows) {
    struct smelt_pool_rows rows;
    rows.count = smelt_pool_clip(&top, filter, size);
    while (top >= ring_rows) { /* cheaper than a division on cores that have none */
        top -= ring_rows;
    }
    rows.step = step;
    rows.first = top * step;
    rows.ring = ring_rows * step;
    rows.before_end = ring_rows - top;
    return rows;
}

/* A function that sums rows x columns elements, column_step from one column to the next, in the order of memory. */
#define SMELT_SUM_FUNCTION(name, element_type, sum_type)                                                             \
    SMELT_CODE_SECTION                                                                                               \
    static inline sum_type name(const element_type *first, struct smelt_pool_rows rows, int32_t columns,             \
                                int32_t column_step) {                                                               \
        sum_type sum = 0;                                                                                            \
        for (; rows.count > 0; rows.count--) {                                                                       \
            const element_type *element = first;                                                                     \
            for (int32_t column = columns; column > 0; column--) {                                                   \
                sum += *element;                                                                                     \
                element += column_step;                                                                              \
            }                                                                                                        \
            first += --rows.before_end == 0 ? rows.step - rows.ring : rows.step;                                     \
        }                                                                                                            \
        return sum;                                                                                                  \
    }

SMELT_SUM_FUNCTION(smelt_sum_s8, int8_t, int32_t)
SMELT_SUM_FUNCTION(smelt_sum_s16, int16_t, int32_t)
SMELT_SUM_FUNCTION(smelt_window_sum_f32, float, float)

SMELT_CODE_SECTION
static inline float smelt_pool_clamp_f32(float x, float low, float high) {
    const float raised = x < low ? low : x;
    return raised > high ? high : raised;
}

/* Add rows first_row .. first_row + row_count - 1 of an image of `columns` pixels a row to one sum a channel, which
 * begins with row 0; row r lies r modulo ring_rows rows after `input`. */
SMELT_CODE_SECTION
static inline void smelt_add_rows_s8(int32_t *sums, const int8_t *input, int32_t columns, int32_t channels,
                                     int32_t first_row, int32_t row_count, int32_t ring_rows) {
    for (int32_t row = first_row; row < first_row + row_count; row++) {
        const int8_t *const first = input + row % ring_rows * columns * channels;
        for (int32_t channel = 0; channel < channels; channel++) {
            const int8_t *element = first + channel;
            int32_t sum = row == 0 ? 0 : sums[channel];
            for (int32_t column = columns; column > 0; column--) {
                sum += *element;
                element += channels;
            }
            sums[channel] = sum;
        }
    }
}

/* sum / count to nearest, ties away from zero. The reciprocal makes the quotient exact or one too large for sums of
 * count int8 values, count < 2^16; a division instead would cost the cores that have none a library function. */
SMELT_CODE_SECTION
static inline int32_t smelt_pool_quotient(int32_t sum, int32_t count, uint32_t reciprocal) {
    const int32_t dividend = (sum < 0 ? -sum : sum) + count / 2;
    int32_t quotient = (int32_t)(((uint32_t)dividend * reciprocal) >> 24);
    if (quotient * count > dividend) {
        quotient--;
    }
    return sum < 0 ? -quotient : quotient;
}

#endif
