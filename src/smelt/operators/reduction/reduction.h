/* Reductions over whole dimensions. */
#ifndef SMELT_REDUCTION_H
#define SMELT_REDUCTION_H

#include <stdint.h>

#include "smelt_placement.h"

/* The input as [outer, rows, middle, columns, inner]; rows and columns are reduced. */
struct smelt_reduction_parameters {
    int32_t outer, rows, middle, columns, inner;
};

#define SMELT_REDUCTION_FUNCTION(name, type) \
    void name(type *output, const type *input, const struct smelt_reduction_parameters *parameters)

/* Defines such a function: `expression` says what becomes of the total with x. */
#define SMELT_REDUCTION(name, type, first, expression)                                                         \
    SMELT_CODE_SECTION                                                                                         \
    SMELT_REDUCTION_FUNCTION(name, type) {                                                                     \
        const struct smelt_reduction_parameters p = *parameters;                                               \
        const int32_t block = p.columns * p.inner, row = p.middle * block;                                     \
        for (int32_t outer = 0; outer < p.outer; outer++) {                                                    \
            for (int32_t middle = 0; middle < p.middle; middle++) {                                            \
                for (int32_t inner = 0; inner < p.inner; inner++) {                                            \
                    type total = (first);                                                                      \
                    for (int32_t r = 0; r < p.rows; r++) {                                                     \
                        const type *from = input + (outer * p.rows + r) * row + middle * block + inner;        \
                        for (int32_t c = 0; c < p.columns; c++) {                                              \
                            const type x = from[c * p.inner];                                                  \
                            total = (expression);                                                              \
                        }                                                                                      \
                    }                                                                                          \
                    *output++ = total;                                                                         \
                }                                                                                              \
            }                                                                                                  \
        }                                                                                                      \
    }

/* The input is [outer, count, inner]; indices are written with `words` 32-bit words each, little endian. */
#define SMELT_ARGUMENT_FUNCTION(name, type) \
    void name(void *output, const type *input, int32_t outer, int32_t count, int32_t inner, int32_t words)

/* Defines such a function: `expression` says whether x is better than the best so far. */
#define SMELT_ARGUMENT(name, type, expression)                             \
    SMELT_CODE_SECTION                                                     \
    SMELT_ARGUMENT_FUNCTION(name, type) {                                  \
        int32_t *to = output;                                              \
        for (int32_t o = 0; o < outer; o++) {                              \
            for (int32_t i = 0; i < inner; i++) {                          \
                const type *from = input + o * count * inner + i;          \
                type best = *from;                                         \
                int32_t index = 0;                                         \
                for (int32_t k = 1; k < count; k++) {                      \
                    const type x = from[k * inner];                        \
                    if (expression) {                                      \
                        best = x;                                          \
                        index = k;                                         \
                    }                                                      \
                }                                                          \
                *to++ = index;                                             \
                if (words == 2) {                                          \
                    *to++ = 0;                                             \
                }                                                          \
            }                                                              \
        }                                                                  \
    }

SMELT_REDUCTION_FUNCTION(smelt_sum_f32, float);
SMELT_REDUCTION_FUNCTION(smelt_sum_s32, int32_t);
SMELT_REDUCTION_FUNCTION(smelt_sum_s64, int64_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_prod_f32, float);
SMELT_REDUCTION_FUNCTION(smelt_reduce_prod_s32, int32_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_prod_s64, int64_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_max_s8, int8_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_max_f32, float);
SMELT_REDUCTION_FUNCTION(smelt_reduce_max_s32, int32_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_max_s64, int64_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_min_s8, int8_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_min_f32, float);
SMELT_REDUCTION_FUNCTION(smelt_reduce_min_s32, int32_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_min_s64, int64_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_any_bool, uint8_t);
SMELT_REDUCTION_FUNCTION(smelt_reduce_all_bool, uint8_t);
SMELT_ARGUMENT_FUNCTION(smelt_arg_max_f32, float);
SMELT_ARGUMENT_FUNCTION(smelt_arg_max_s8, int8_t);
SMELT_ARGUMENT_FUNCTION(smelt_arg_max_s32, int32_t);
SMELT_ARGUMENT_FUNCTION(smelt_arg_min_f32, float);
SMELT_ARGUMENT_FUNCTION(smelt_arg_min_s8, int8_t);
SMELT_ARGUMENT_FUNCTION(smelt_arg_min_s32, int32_t);

#endif
