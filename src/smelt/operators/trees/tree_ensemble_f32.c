/* Trees whose splits fit 16 bits. */
#include "tree_ensemble.h"

SMELT_TREE_WALK(walk, smelt_tree_ensemble_parameters, uint16_t)
SMELT_TREE_SUMS(add_leaves, smelt_tree_ensemble_parameters, uint16_t, walk)
SMELT_TREE_ENSEMBLE(smelt_tree_ensemble_f32, smelt_tree_ensemble_parameters, add_leaves)
