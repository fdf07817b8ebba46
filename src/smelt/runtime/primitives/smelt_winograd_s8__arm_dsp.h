/* The products of Winograd's F(2x2, 3x3) on Arm cores with the DSP extension. */
#ifndef SMELT_WINOGRAD_S8_ARM_DSP_H
#define SMELT_WINOGRAD_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

#define SMELT_WINOGRAD_POSITIONS 16
#define SMELT_WINOGRAD_TILES 2

/* The transformed inputs of two tiles side by side, whose upper left values `rows` show in four padded rows: for every
 * pair of channels in the order (0, 2), (1, 3), (4, 6), ..., for all positions, a word of the first and one of the
 * second tile. columns: 48 words of workspace. */
void smelt_winograd_inputs_s8__arm_dsp(uint32_t *values, const uint32_t *const *rows, int32_t channels,
                                       uint32_t *columns);

/* For each of the positions of a transformed tile the sums over `channels`, a multiple of 16, of values times weights:
 * four sums, one an output channel, for the first tile, then four for the second.
 * values: for every pair of channels and position a word of each tile, two int16.
 * weights: for every position and pair of channels a word of each output channel. */
void smelt_winograd_products_s8__arm_dsp(uint32_t *products, const uint32_t *values, const uint32_t *weights,
                                         int32_t channels);

#define SMELT_WINOGRAD_ROUND_ONCE 256 /* no zero point */

/* The 2 x 2 outputs of four channels of a tile, from its products (`products + 4` for the second). `right` and `down` are
 * the bytes to the other column and row, 0 where there is none: what is not wanted is written first.
 * records: start, multiplier and, where rounding is signed, divisor of every channel (smelt_gemm_s8__arm_dsp.h).
 * zero_point: of the output where rounding is signed, else SMELT_WINOGRAD_ROUND_ONCE. */
void smelt_winograd_outputs_s8__arm_dsp(int8_t *output, const uint32_t *products, const int32_t *records, int32_t right,
                                        int32_t down, int32_t zero_point);

#endif
