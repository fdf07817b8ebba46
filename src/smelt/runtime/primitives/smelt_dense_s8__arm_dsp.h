/* A vector of int8 values times rows of int8 weights on Arm cores with the DSP extension; nothing is expanded in memory.
 *
 * The arithmetic is Winograd's inner product: for two values x0, x1 and their weights w0, w1
 *   (x1 + w0) * (x0 + w1) = x0 * w0 + x1 * w1 + x0 * x1 + w0 * w1
 * so that one SXTAB16 both widens two weights and adds two values, and one SMLAD sums four products. The sum `shared` of
 * all x0 * x1 is computed once for a vector; that of all w0 * w1, `crossed`, is known to the packer.
 *
 * Rows in blocks of four, c0 .. c3, take less: their weights are packed in pairs as smelt_gemm_s8__arm_dsp.h describes,
 * W(a, b) with halves 256 * w[b] + w[a] for two values. Products with the whole halves add up to 256 * acc[b] + acc[a];
 * SXTAB16 leaves w[a] alone, which gives acc[a] + shared + crossed[a]; the difference is 256 * acc[b].
 *
 * Packed weights, as words, fours of values; absent values have zero weights:
 *   blocks of four rows:
 *     starts of c1 and c3
 *     for every four values i .. i + 3: W(c0, c1), W(c2, c3) of the values i, i + 2, then of i + 1, i + 3;
 *       in the first `fives` blocks a word with the weights of a fifth row as bytes: one of the last rows of all
 *     starts of c0 and c2
 *     multipliers (and then divisors) of c0 .. c3, where each row has its own
 *   the last rows, one by one: weights as bytes where there are no blocks; start, multiplier (and divisor)
 * Starts hold the bias and undo the crossed sums. How sums of 256 * acc + start are rounded is said in
 * smelt_gemm_s8__arm_dsp.h too, but here with SMELT_DENSE_SHIFT or, where each row
 * has its own multiplier, SMELT_DENSE_SHIFT_EACH; starts of c0 and c2 are for sums of 2 * acc where rounding is signed. */
#ifndef SMELT_DENSE_S8_ARM_DSP_H
#define SMELT_DENSE_S8_ARM_DSP_H

#include <stdint.h>
#include <string.h>

#include "smelt_placement.h"

#define SMELT_DENSE_SHIFT 9
#define SMELT_DENSE_SHIFT_EACH 13 /* finer: a multiplier has to fit for every row, and those of long sums are small */
#define SMELT_DENSE_EACH 1   /* form: every row has its own multiplier */
#define SMELT_DENSE_SIGNED 2 /* form: signed rounding */

/* Steps of four values are unrolled in rounds: four steps in a block that sums `shared` (the first one, all with a fifth
 * row), eight in the others. */
struct smelt_dense_s8__arm_dsp {
    const uint32_t *weights;
    int32_t multiplier, divisor; /* of all rows, where each has none */
    uint32_t block_bytes;        /* of all blocks together; 0: all rows are one by one */
    uint16_t word_bytes;         /* whole words of values before the last one, in bytes */
    uint16_t outputs;            /* rows */
    uint8_t absent_bits;         /* of the last word */
    uint8_t fives;
    uint8_t first_step; /* from the outputs of the first block to those of the second: less than 4 where these overlap */
    uint8_t form;
    int8_t zero_point, low, high; /* of the outputs */
    /* The step at which a block enters its first round (the number of steps in a round: only the last values are left; with
     * a fifth row plus 5), and how many bytes of values and weights lie between there and the place from which that step
     * counts; of the blocks that sum `shared`, and of the others. */
    uint8_t first_entry, first_values_back, first_weights_back, entry, values_back, weights_back;
};

/* The rows in blocks, at least one block, of four values or more (of any alignment). Writes the sums of fifth rows:
 * accumulator and crossed sum. */
void smelt_dense_blocks_s8__arm_dsp(int8_t *output, const int8_t *values, const struct smelt_dense_s8__arm_dsp *dense,
                                    int32_t *sums);

/* Such sums of the row whose bytes are at `row` and, unless `step` is 0, of that `step` bytes after it. */
void smelt_dense_rows_s8__arm_dsp(int32_t *sums, const int8_t *values, const uint32_t *row, int32_t step,
                                  const struct smelt_dense_s8__arm_dsp *dense);

/* The last four values, absent ones 0. */
SMELT_CODE_SECTION
static inline uint32_t smelt_dense_last(const int8_t *values, const struct smelt_dense_s8__arm_dsp *dense) {
    uint32_t word;
    memcpy(&word, values + dense->word_bytes - dense->absent_bits / 8, 4);
    return word >> dense->absent_bits;
}

#endif
