/* Trees of any size. */
#include "tree_ensemble.h"

SMELT_TREE_WALK(walk, smelt_tree_ensemble_wide_parameters, uint32_t)
SMELT_TREE_SUMS(add_leaves, smelt_tree_ensemble_wide_parameters, uint32_t, walk)
SMELT_TREE_ENSEMBLE(smelt_tree_ensemble_wide_f32, smelt_tree_ensemble_wide_parameters, add_leaves)
