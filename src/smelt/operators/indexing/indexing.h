/* Elements read from, and written to, places that an input names.
 *
 * Indices are one or two little endian 32-bit words each. Negative ones count from the end; one that is beyond an end is
 * taken for the nearest. */
#ifndef SMELT_INDEXING_H
#define SMELT_INDEXING_H

#include <stdint.h>

#include "smelt_placement.h"

SMELT_CODE_SECTION
static inline int32_t smelt_index(const int32_t *words, int32_t index_words, int32_t size) {
    int32_t index = words[0];
    if (index_words == 2 && words[1] != (index < 0 ? -1 : 0)) {
        index = words[1] < 0 ? -size : size;
    }
    if (index < 0) {
        index = index < -size ? 0 : index + size;
    }
    return index < size ? index : size - 1;
}

/* `rows` tuples of `depth` indices in each of `batches`; a tuple names `run` bytes of the data, of which a batch has
 * `batch_bytes`. */
struct smelt_places {
    int32_t batches, rows, depth, index_words, run, batch_bytes;
    const int32_t *axes; /* for each index of a tuple: the size of its dimension, the bytes from one to the next */
};

/* The bytes from the start of a batch to what a tuple names. */
SMELT_CODE_SECTION
static inline int32_t smelt_place(const struct smelt_places *places, const int32_t *tuple) {
    int32_t offset = 0;
    for (int32_t d = 0; d < places->depth; d++) {
        offset += smelt_index(tuple + d * places->index_words, places->index_words, places->axes[2 * d]) * places->axes[2 * d + 1];
    }
    return offset;
}

SMELT_CODE_SECTION
void smelt_gather_nd(void *output, const void *data, const void *indices, const struct smelt_places *places);

/* Data [outer, size, inner], indices and output [outer, count, inner]; elements of `bytes` bytes. */
SMELT_CODE_SECTION
void smelt_gather_elements(void *output, const void *data, const void *indices, int32_t outer, int32_t size, int32_t count,
                           int32_t inner, int32_t bytes, int32_t index_words);

enum smelt_scatter { SMELT_SCATTER_UPDATE, SMELT_SCATTER_ADD, SMELT_SCATTER_MUL, SMELT_SCATTER_MIN, SMELT_SCATTER_MAX };

/* The output is the data, with what the updates make of the places; `bytes` are those of the data. */
SMELT_CODE_SECTION
void smelt_tensor_scatter(void *output, const void *data, const void *indices, const void *updates,
                          const struct smelt_places *places, int32_t bytes);

#define SMELT_SCATTER_FUNCTION(name, type)                                                             \
    void name(type *output, const type *data, const void *indices, const type *updates,                \
              const struct smelt_places *places, int32_t bytes, int32_t reduction)

/* Defines the same for elements that are combined with what is there. */
#define SMELT_SCATTER(name, type, sum, product)                                                        \
    SMELT_CODE_SECTION                                                                                 \
    SMELT_SCATTER_FUNCTION(name, type) {                                                               \
        memcpy(output, data, (size_t)bytes);                                                           \
        const int32_t *tuple = indices;                                                                \
        for (int32_t row = 0; row < places->rows; row++) {                                             \
            type *to = output + smelt_place(places, tuple) / (int32_t)sizeof(type);                    \
            for (int32_t i = 0; i < places->run / (int32_t)sizeof(type); i++) {                        \
                const type a = to[i], b = *updates++;                                                  \
                switch (reduction) {                                                                   \
                    case SMELT_SCATTER_ADD: to[i] = (sum); break;                                      \
                    case SMELT_SCATTER_MUL: to[i] = (product); break;                                  \
                    case SMELT_SCATTER_MIN: to[i] = b < a ? b : a; break;                              \
                    default: to[i] = b > a ? b : a; break;                                             \
                }                                                                                      \
            }                                                                                          \
            tuple += places->depth * places->index_words;                                              \
        }                                                                                              \
    }

SMELT_SCATTER_FUNCTION(smelt_tensor_scatter_f32, float);
SMELT_SCATTER_FUNCTION(smelt_tensor_scatter_s32, int32_t);
SMELT_SCATTER_FUNCTION(smelt_tensor_scatter_s64, int64_t);

#endif
