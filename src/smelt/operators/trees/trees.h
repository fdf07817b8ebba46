/* Decision trees: the sum of the leaves that a row of features reaches, one leaf a tree. */
#ifndef SMELT_TREES_H
#define SMELT_TREES_H

#include <stdint.h>

#include "smelt_placement.h"

/* The keys of `count` features, those named by `used` (NULL: the first ones).
 * Keys are ordered as the numbers are: -0 and 0 do not differ from a threshold that is either; NaN is the largest. Returns
 * whether there is one. */
int32_t smelt_tree_keys_f32(int32_t *keys, const float *features, const uint16_t *used, int32_t count);

/* The upper halves of keys. */
int32_t smelt_tree_short_keys_f32(int16_t *keys, const float *features, const uint16_t *used, int32_t count);

#define SMELT_TREE_NAN INT32_MAX
#define SMELT_TREE_SHORT_NAN INT16_MAX

/* The splits of a tree in preorder, so that the left child follows its parent, then come the splits of the right one;
 * tree after tree. A split is: the number of splits in the left child << left_shift, `missing` where NaN goes left,
 * the index of a key (feature_mask). Left is where key <= threshold.
 * Leaves are counted from left to right, tree after tree: `leaves_8` or `leaves_16` give each the row of `values` that
 * is added to the outputs from `targets` on (NULL: from the first); both NULL: the rows stand in order of leaves.
 * Where rows have a single number that is not 0, `row_targets` says for which output it is, and `columns` is 1. */
#define SMELT_TREES(name, type, key_type)                                               \
    struct name {                                                                       \
        int32_t rows, features, keys, trees, outputs, columns;                          \
        uint32_t feature_mask, missing, left_shift;                                     \
        const uint16_t *used;                                                           \
        const key_type *thresholds;                                                     \
        const type *splits, *sizes;                                                     \
        const uint16_t *targets, *row_targets;                                          \
        const uint8_t *leaves_8;                                                        \
        const uint16_t *leaves_16;                                                      \
        const int32_t *values;                                                          \
    }

SMELT_TREES(smelt_tree_ensemble_parameters, uint16_t, int32_t);
SMELT_TREES(smelt_tree_ensemble_wide_parameters, uint32_t, int32_t);
SMELT_TREES(smelt_tree_ensemble_short_parameters, uint16_t, int16_t);

/* Sums of `outputs` numbers for each of `rows`; `scratch` is room for as many keys. */
void smelt_tree_ensemble_f32(int32_t *output, const float *input,
                             const struct smelt_tree_ensemble_parameters *parameters, void *scratch);
/* For left_shift 8, missing 0x80, feature_mask 0x7f. */
void smelt_tree_ensemble_small_f32(int32_t *output, const float *input,
                                   const struct smelt_tree_ensemble_parameters *parameters, void *scratch);
void smelt_tree_ensemble_wide_f32(int32_t *output, const float *input,
                                  const struct smelt_tree_ensemble_wide_parameters *parameters, void *scratch);
/* For thresholds whose keys end with 16 ones: only upper halves are compared. */
void smelt_tree_ensemble_short_f32(int32_t *output, const float *input,
                                   const struct smelt_tree_ensemble_short_parameters *parameters, void *scratch);

#endif
