/* Thresholds of 16 bits: of the keys only the upper halves are compared. */
#include "tree_ensemble.h"

SMELT_TREE_ENSEMBLE(smelt_tree_ensemble_short_f32, smelt_tree_ensemble_short_parameters, uint16_t, int16_t,
                    smelt_tree_short_keys_f32, SMELT_TREE_SHORT_NAN, split & p->feature_mask, p->missing, split >> p->left_shift)
