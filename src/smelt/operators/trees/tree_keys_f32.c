/* Numbers as integers of the same order, so that a comparison is one instruction on every core. */
#include "trees.h"

#include <string.h>

SMELT_CODE_SECTION
int32_t smelt_tree_keys_f32(int32_t *keys, const float *features, const uint16_t *used, int32_t count) {
    int32_t has_nan = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, features + (used == NULL ? i : used[i]), sizeof bits);
        const uint32_t magnitude = bits & 0x7fffffffu;
        int32_t key = (int32_t)magnitude;
        if (magnitude > 0x7f800000u) {
            key = SMELT_TREE_NAN;
            has_nan = 1;
        } else if (bits != magnitude) {
            key = -key;
        }
        keys[i] = key;
    }
    return has_nan;
}
