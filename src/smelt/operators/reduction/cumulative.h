/* Running totals along a dimension. */
#ifndef SMELT_CUMULATIVE_H
#define SMELT_CUMULATIVE_H

#include <stdint.h>

#include "smelt_placement.h"

/* The input as [outer, count, inner]. */
struct smelt_cumulative_parameters {
    int32_t outer, count, inner;
    int32_t exclusive; /* each output leaves its own element out */
    int32_t reverse;   /* from the last element to the first */
};

#define SMELT_CUMULATIVE_FUNCTION(name, type) \
    void name(type *output, const type *input, const struct smelt_cumulative_parameters *parameters)

/* Defines such a function: `expression` says what becomes of the total with x. */
#define SMELT_CUMULATIVE(name, type, first, expression)                                    \
    SMELT_CODE_SECTION                                                                     \
    SMELT_CUMULATIVE_FUNCTION(name, type) {                                                \
        const struct smelt_cumulative_parameters p = *parameters;                          \
        for (int32_t o = 0; o < p.outer; o++) {                                            \
            for (int32_t i = 0; i < p.inner; i++) {                                        \
                type total = (first);                                                      \
                for (int32_t k = 0; k < p.count; k++) {                                    \
                    const int32_t at = (o * p.count + (p.reverse ? p.count - 1 - k : k)) * p.inner + i; \
                    const type x = input[at], before = total;                              \
                    total = (expression);                                                  \
                    output[at] = p.exclusive ? before : total;                             \
                }                                                                          \
            }                                                                              \
        }                                                                                  \
    }

SMELT_CUMULATIVE_FUNCTION(smelt_cumsum_f32, float);
SMELT_CUMULATIVE_FUNCTION(smelt_cumsum_s32, int32_t);
SMELT_CUMULATIVE_FUNCTION(smelt_cumsum_s64, int64_t);
SMELT_CUMULATIVE_FUNCTION(smelt_cumprod_f32, float);
SMELT_CUMULATIVE_FUNCTION(smelt_cumprod_s32, int32_t);
SMELT_CUMULATIVE_FUNCTION(smelt_cumprod_s64, int64_t);

#endif
