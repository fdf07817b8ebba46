/* Trees whose splits fit 16 bits. */
#include "tree_ensemble.h"

SMELT_TREE_ENSEMBLE(smelt_tree_ensemble_f32, smelt_tree_ensemble_parameters, uint16_t, int32_t, smelt_tree_keys_f32,
                    SMELT_TREE_NAN, split & p->feature_mask, p->missing, split >> p->left_shift)
