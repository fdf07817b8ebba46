/* The k largest or smallest elements of rows, in order. */
#ifndef SMELT_TOP_K_H
#define SMELT_TOP_K_H

#include <stdint.h>

#include "smelt_placement.h"

/* Indices are written with `words` 32-bit words each, little endian. */
#define SMELT_TOP_K_FUNCTION(name, type) \
    void name(type *values, void *indices, const type *input, int32_t rows, int32_t columns, int32_t k, int32_t largest, int32_t words)

/* Defines such a function: each element is put behind those that are before it in order. */
#define SMELT_TOP_K(name, type)                                                              \
    SMELT_CODE_SECTION                                                                       \
    SMELT_TOP_K_FUNCTION(name, type) {                                                       \
        int32_t *places = indices;                                                           \
        for (int32_t row = 0; row < rows; row++) {                                           \
            int32_t held = 0;                                                                \
            for (int32_t c = 0; c < columns; c++) {                                          \
                const type x = input[c];                                                     \
                int32_t at = held < k ? held : k;                                            \
                while (at > 0 && (largest ? values[at - 1] < x : values[at - 1] > x)) {      \
                    at--;                                                                    \
                }                                                                            \
                if (at == k) {                                                               \
                    continue;                                                                \
                }                                                                            \
                held += held < k;                                                            \
                for (int32_t to = held - 1; to > at; to--) {                                 \
                    values[to] = values[to - 1];                                             \
                    places[to * words] = places[(to - 1) * words];                           \
                }                                                                            \
                values[at] = x;                                                              \
                places[at * words] = c;                                                      \
            }                                                                                \
            if (words == 2) {                                                                \
                for (int32_t to = 0; to < k; to++) {                                         \
                    places[2 * to + 1] = 0;                                                  \
                }                                                                            \
            }                                                                                \
            input += columns;                                                                \
            values += k;                                                                     \
            places += k * words;                                                             \
        }                                                                                    \
    }

SMELT_TOP_K_FUNCTION(smelt_topk_v2_f32, float);
SMELT_TOP_K_FUNCTION(smelt_topk_v2_s32, int32_t);
SMELT_TOP_K_FUNCTION(smelt_topk_v2_s64, int64_t);

#endif
