/* Weights kept packed in flash, unpacked into the arena before they are used: some output channels at a time.
 *
 * The code (operators/interval_code.py makes it): the next prefix_bits bits, most significant bit first, lead to an
 * entry of `codes`, which says how many of them belong to the prefix, how many raw bits follow, and what to add. */
#ifndef SMELT_UNPACK_S8_H
#define SMELT_UNPACK_S8_H

#include <stdint.h>

#include "smelt_placement.h"

/* A slice is unpacked at once. It has `head` bytes as they are, then `repeats` times `before` bytes as they are,
 * `coded` bytes with the code, `after` bytes as they are; then `tail` bytes as they are. */
struct smelt_packed_s8 {
    const uint8_t *stream;  /* slices one after the other, each after its length in three bytes, the lowest first */
    const uint16_t *codes;  /* 2^prefix_bits entries: first value << 8 | raw bits << 4 | bits of the prefix */
    const void *parameters; /* of the kernel */
    uint32_t coded;
    uint16_t repeats, head, before, after, tail;
    uint16_t parameters_at, parameters_bytes; /* where a copy of them goes; multiples of 4 */
    uint8_t prefix_bits;
    uint8_t pairs; /* 1: byte pairs in the coded part are an int16, 256 * odd value + even value */
};

/* Write slice `slice` to `to` (aligned to 8) and a copy of the kernel's parameters behind it. Returns the copy. */
void *smelt_unpack_s8(void *to, const struct smelt_packed_s8 *packed, int32_t slice);

/* Copy the `count` channels of each of some pixels, side by side in `outputs`, to pixels of `output_channels`. */
void smelt_place_channels_s8(int8_t *output, const void *outputs, int32_t pixels, int32_t count,
                             int32_t output_channels);

#endif
