/* What the pooling kernels share: the part of a window inside the input, and its sum. */
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

/* The sum of rows x columns elements; row_step and column_step lie from one to the next. */
SMELT_CODE_SECTION
static inline int32_t smelt_sum_s8(const int8_t *first, int32_t rows, int32_t row_step, int32_t columns,
                                   int32_t column_step) {
    int32_t sum = 0;
    for (; rows > 0; rows--) {
        const int8_t *element = first;
        for (int32_t column = columns; column > 0; column--) {
            sum += *element;
            element += column_step;
        }
        first += row_step;
    }
    return sum;
}

/* As smelt_sum_s8; added in the order of memory, one after the other. */
SMELT_CODE_SECTION
static inline float smelt_sum_f32(const float *first, int32_t rows, int32_t row_step, int32_t columns,
                                  int32_t column_step) {
    float sum = 0.0f;
    for (; rows > 0; rows--) {
        const float *element = first;
        for (int32_t column = columns; column > 0; column--) {
            sum += *element;
            element += column_step;
        }
        first += row_step;
    }
    return sum;
}

#endif
