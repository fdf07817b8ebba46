/* Requantization on Arm cores without a long multiplication (Armv6-M): 18 cycles an output, 27 in the long form.
 *
 * A channel has a record of words: start, span, multiplier, offset and in the long form three more: fraction, zero,
 * step down. With a = sum + start clamped to 0 .. span, the output is the highest byte of a sum modulo 2^32,
 *   short: a * m1 + (a * m0 >> shift) + offset, where m1, m0 are the multiplier's bits above and below `shift`
 *   long:  a * multiplier + (a * f1 + (a * f0 >> 10) >> 10) + offset, where f1, f0 are the fraction's bits above and
 *          below bit 10, + step down where a < zero
 * Python (operators/convolution/arm_v6m_requantization.py) chooses form and words and proves them exact. */
#ifndef SMELT_REQUANTIZE_S8_ARM_V6M_H
#define SMELT_REQUANTIZE_S8_ARM_V6M_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_requantize_s8__arm_v6m {
    int32_t count; /* sums of a channel, at least 1 */
    int32_t step;  /* bytes from one output of a channel to the next; channels are neighbours */
    int32_t shift; /* of the short form; 0: the long form */
    int32_t channels; /* at least 1 */
    int32_t skip;     /* sums between those of one channel and of the next */
};

/* output[c + k * step] = the output of sums[c * (count + skip) + k], with channel c's record. Returns the records'
 * end. */
const uint32_t *smelt_requantize_s8__arm_v6m(int8_t *output, const uint32_t *records, const int32_t *sums,
                                             const struct smelt_requantize_s8__arm_v6m *how);

#endif
