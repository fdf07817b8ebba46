/* The walk through trees, for splits of every form. */
#ifndef SMELT_TREE_ENSEMBLE_H
#define SMELT_TREE_ENSEMBLE_H

#include <stddef.h>

#include "trees.h"

/* Defines the walk through the splits from `at` to `end`: the leaf that is reached, counted from the left.
 * A subtree is what lies from `at` to `end`: the left child ends where the right one begins.  `feature` and `left` say
 * what is in a split, `goes_left` compares key and threshold. */
#define SMELT_TREE_WALK(name, parameters, type, key_type, feature, left, goes_left)                                \
    SMELT_CODE_SECTION                                                                                             \
    static int32_t name(const key_type *keys, int32_t at, int32_t end, const struct parameters *p) {               \
        const key_type *const thresholds = p->thresholds;                                                          \
        const type *const splits = p->splits;                                                                      \
        int32_t lefts = 0;                                                                                         \
        while (at != end) {                                                                                        \
            const uint32_t split = splits[at];                                                                     \
            const int32_t key = keys[feature], threshold = thresholds[at];                                         \
            const int32_t size = (int32_t)(left);                                                                  \
            at++;                                                                                                  \
            if (goes_left) {                                                                                       \
                end = at + size;                                                                                   \
                lefts++;                                                                                           \
            } else {                                                                                               \
                at += size;                                                                                        \
            }                                                                                                      \
        }                                                                                                          \
        return at - lefts;                                                                                         \
    }

/* Defines the kernel; `feature`, `missing` and `left` say what is in a split, `make_keys` gives keys, `nan` for NaN. */
#define SMELT_TREE_ENSEMBLE(name, parameters, type, key_type, make_keys, nan, feature, missing, left)              \
    SMELT_TREE_WALK(walk, parameters, type, key_type, feature, left, key <= threshold)                             \
    SMELT_TREE_WALK(walk_with_nan, parameters, type, key_type, feature, left,                                      \
                    key == (nan) ? (split & (missing)) != 0 : key <= threshold)                                    \
                                                                                                                   \
    SMELT_CODE_SECTION                                                                                             \
    static void add_leaves(int32_t *sums, const key_type *keys, int32_t has_nan, const struct parameters *p) {     \
        int32_t at = 0;                                                                                            \
        for (int32_t tree = 0; tree < p->trees; tree++) {                                                          \
            const int32_t end = at + (int32_t)p->sizes[tree];                                                      \
            int32_t row = tree + (has_nan ? walk_with_nan : walk)(keys, at, end, p);                               \
            if (p->leaves_8 != NULL) {                                                                             \
                row = p->leaves_8[row];                                                                            \
            } else if (p->leaves_16 != NULL) {                                                                     \
                row = p->leaves_16[row];                                                                           \
            }                                                                                                      \
            const int32_t *value = p->values + row * p->columns;                                                   \
            int32_t *sum = p->targets == NULL ? sums : sums + p->targets[tree];                                    \
            if (p->row_targets != NULL) {                                                                          \
                sum += p->row_targets[row];                                                                        \
            }                                                                                                      \
            for (int32_t i = p->columns; i > 0; i--) {                                                             \
                *sum++ += *value++;                                                                                \
            }                                                                                                      \
            at = end;                                                                                              \
        }                                                                                                          \
    }                                                                                                              \
                                                                                                                   \
    SMELT_CODE_SECTION                                                                                             \
    void name(int32_t *output, const float *input, const struct parameters *p, void *scratch) {                    \
        key_type *const keys = scratch;                                                                            \
        for (int32_t row = 0; row < p->rows; row++) {                                                              \
            const int32_t has_nan = make_keys(keys, input, p->used, p->keys);                                      \
            for (int32_t i = 0; i < p->outputs; i++) {                                                             \
                output[i] = 0;                                                                                     \
            }                                                                                                      \
            add_leaves(output, keys, has_nan, p);                                                                  \
            input += p->features;                                                                                  \
            output += p->outputs;                                                                                  \
        }                                                                                                          \
    }

#endif
