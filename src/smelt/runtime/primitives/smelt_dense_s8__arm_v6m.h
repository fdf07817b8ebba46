/* A vector times rows of int8 weights on Arm cores without a DSP extension (Armv6-M): 3.3 cycles a product.
 *
 * A word holds the weights of four rows for one input, 128 added: bytes b0 .. b3. With the input x three sums are kept,
 *   U of x * (b0 + 2^8 * b1), V of x * (b2 + 2^8 * b3) and F of x * (b1 + 2^8 * b0 + 2^16 * (b3 + 2^8 * b2))
 * modulo 2^32, which are the low half, the high half and the bytes swapped in both: one instruction each. They begin
 * with what the 128 add, so that they end as the same of the rows' sums S0 .. S3. With S0 = u0 + 2^8 * h, where u0 is
 * the lowest byte of U, S1 is (U >> 8) - h, and F modulo 2^16 gives h; likewise S2 and S3 from V and the top of F.
 * Exact while all S are within +-2^22. */
#ifndef SMELT_DENSE_S8_ARM_V6M_H
#define SMELT_DENSE_S8_ARM_V6M_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_dense_s8__arm_v6m {
    const int8_t *inputs, *inputs_end; /* from a word on, whole words of four before the last four */
    uint32_t last;                       /* the last four inputs, absent ones 0 */
    const int32_t *starts;               /* what each row's sum begins with, rounded up to fours */
    int32_t *sums_end;                   /* a multiple of four after the first */
    uint32_t offset;                     /* -128 * 257 * sum of the inputs: what the added 128 take from U and V */
};

/* sums[j] = starts[j] + row j times the inputs; `weights` has a word an input for every four rows, four inputs' together.
 * Returns their end. */
const uint32_t *smelt_dense_s8__arm_v6m(int32_t *sums, const uint32_t *weights,
                                        const struct smelt_dense_s8__arm_v6m *dense);

#endif
