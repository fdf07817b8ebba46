/* The walk through trees, for splits of either width. */
#ifndef SMELT_TREE_ENSEMBLE_H
#define SMELT_TREE_ENSEMBLE_H

#include <stddef.h>

#include "trees.h"

/* Defines the walk from the first of `size` splits: the leaf that is reached, counted from the left. */
#define SMELT_TREE_WALK(name, parameters, type)                                                                    \
    SMELT_CODE_SECTION                                                                                             \
    static int32_t name(const int32_t *keys, const int32_t *thresholds, const type *splits, int32_t size,          \
                        const struct parameters *p) {                                                              \
        const uint32_t mask = p->feature_mask, missing = p->missing, shift = p->left_shift;                        \
        int32_t leaf = 0;                                                                                          \
        while (size > 0) {                                                                                         \
            const uint32_t split = *splits;                                                                        \
            const int32_t left = (int32_t)(split >> shift);                                                        \
            const int32_t key = keys[split & mask];                                                                \
            if (key <= *thresholds || (key == SMELT_TREE_NAN && (split & missing) != 0)) {                         \
                size = left;                                                                                       \
                thresholds++;                                                                                      \
                splits++;                                                                                          \
            } else {                                                                                               \
                size -= left + 1;                                                                                  \
                thresholds += left + 1;                                                                            \
                splits += left + 1;                                                                                \
                leaf += left + 1;                                                                                  \
            }                                                                                                      \
        }                                                                                                          \
        return leaf;                                                                                               \
    }

/* Defines the sums of one row of features over all trees. */
#define SMELT_TREE_SUMS(name, parameters, type, walk)                                                              \
    SMELT_CODE_SECTION                                                                                             \
    static void name(int32_t *sums, const int32_t *keys, const struct parameters *p) {                             \
        const int32_t *thresholds = p->thresholds;                                                                 \
        const type *splits = p->splits;                                                                            \
        int32_t first_leaf = 0;                                                                                    \
        for (int32_t tree = 0; tree < p->trees; tree++) {                                                          \
            const int32_t size = (int32_t)p->sizes[tree];                                                          \
            int32_t row = first_leaf + walk(keys, thresholds, splits, size, p);                                    \
            if (p->leaves_8 != NULL) {                                                                             \
                row = p->leaves_8[row];                                                                            \
            } else if (p->leaves_16 != NULL) {                                                                     \
                row = p->leaves_16[row];                                                                           \
            }                                                                                                      \
            const int32_t *value = p->values + row * p->columns;                                                   \
            int32_t *sum = p->targets == NULL ? sums : sums + p->targets[tree];                                    \
            for (int32_t i = p->columns; i > 0; i--) {                                                             \
                *sum++ += *value++;                                                                                \
            }                                                                                                      \
            thresholds += size;                                                                                    \
            splits += size;                                                                                        \
            first_leaf += size + 1;                                                                                \
        }                                                                                                          \
    }

/* Defines the kernel. */
#define SMELT_TREE_ENSEMBLE(name, parameters_type, add)                                                            \
    SMELT_CODE_SECTION                                                                                             \
    void name(int32_t *output, const float *input, const struct parameters_type *parameters, int32_t *keys) {      \
        for (int32_t row = 0; row < parameters->rows; row++) {                                                     \
            smelt_tree_keys_f32(keys, input, parameters->used, parameters->keys);                                  \
            for (int32_t i = 0; i < parameters->outputs; i++) {                                                    \
                output[i] = 0;                                                                                     \
            }                                                                                                      \
            add(output, keys, parameters);                                                                         \
            input += parameters->features;                                                                         \
            output += parameters->outputs;                                                                         \
        }                                                                                                          \
    }

#endif
