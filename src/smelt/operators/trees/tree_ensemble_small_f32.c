/* Up to 128 features, and no left child of more than 255 splits: shifts are known when this is compiled. */
#include "tree_ensemble.h"

SMELT_TREE_ENSEMBLE(smelt_tree_ensemble_small_f32, smelt_tree_ensemble_parameters, uint16_t, int32_t, smelt_tree_keys_f32,
                    SMELT_TREE_NAN, split & 0x7fu, 0x80u, split >> 8)
