/* The upper halves of keys, rounded down. */
#include "trees.h"

#include <string.h>

SMELT_CODE_SECTION
int32_t smelt_tree_short_keys_f32(int16_t *keys, const float *features, const uint16_t *used, int32_t count) {
    int32_t has_nan = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, features + (used == NULL ? i : used[i]), sizeof bits);
        const uint32_t magnitude = bits & 0x7fffffffu;
        int32_t key = (int32_t)(magnitude >> 16);
        if (magnitude > 0x7f800000u) {
            key = SMELT_TREE_SHORT_NAN;
            has_nan = 1;
        } else if (bits != magnitude) {
            key = -(int32_t)((magnitude + 0xffffu) >> 16);
        }
        keys[i] = (int16_t)key;
    }
    return has_nan;
}
