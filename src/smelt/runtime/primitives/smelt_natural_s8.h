/* Products of int8 vectors with rows of int8 weights as they lie in a model file; nothing of the weights is known before.
 *
 * Vectors are widened to int16 first, x - zero point, for two of them at once (pixels side by side) or for one. Four values
 * become words (x0, x2) and (x1, x3), of two vectors (x0, x2) of the first, of the second, (x1, x3) of both; each of the last
 * one to three values becomes a word of its own, with that of the first vector in the low half. */
#ifndef SMELT_NATURAL_S8_H
#define SMELT_NATURAL_S8_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_natural_s8 {
    const int8_t *weights; /* `channels` rows of `depth` */
    const int32_t *bias;   /* NULL: none */
    const int32_t *scales; /* mantissa and shift of each channel, or once; where `fast` is set 2^(30 + shift) */
    int32_t scale_step;    /* words from one to the next: 2 or 0 */
    int32_t depth, channels;
    int32_t zero_point;    /* of the output */
    int32_t low, high;     /* of the output; where `fast` is set they are not applied */
    int32_t fast;          /* shifts are from -30 to 0, there is a bias, and sums, but for those of zero weights, are
                              below 2^29: a sum s becomes divide(round(2 * s * mantissa / 2^32), 2^-shift);
                              3: the last bit of some 2^(30 + shift) is set, where all weights of the channel are 0 */
};

/* Words of a widened vector, and of two. */
#define SMELT_WIDE_WORDS(depth) ((depth) / 4 * 2 + (depth) % 4)
#define SMELT_WIDE_PAIR_WORDS(depth) (depth)

/* Widen `count` values, which but for the end of a vector are a multiple of four; returns the end of what was written. */
uint32_t *smelt_widen_s8(uint32_t *to, const int8_t *from, int32_t count, int32_t zero_point);
uint32_t *smelt_widen_pair_s8(uint32_t *to, const int8_t *first, const int8_t *second, int32_t count,
                              int32_t zero_point);

/* All channels of one vector. */
void smelt_natural_one_s8(int8_t *output, const uint32_t *wide, const struct smelt_natural_s8 *natural);

/* All channels of two vectors, of the second `step` bytes behind those of the first; step 0: only of the first. */
void smelt_natural_two_s8(int8_t *output, int32_t step, const uint32_t *wide, const struct smelt_natural_s8 *natural);

#endif
