/* fully_connected: every vector by itself. */
#include "dense__arm_dsp.h"

#include <stddef.h>

#include "smelt_simd__arm_dsp.h"

/* An output; `after` points to what follows the row's weights. */
SMELT_CODE_SECTION
static int8_t __attribute__((noinline))
requantize(int32_t sum, const uint32_t *after, const struct smelt_dense_s8__arm_dsp *dense) {
    const int32_t each = dense->form & SMELT_DENSE_EACH, scaled = (int32_t)(after[0] + ((uint32_t)sum << 8));
    const int32_t multiplier = each ? (int32_t)after[1] : dense->multiplier;
    if (!(dense->form & SMELT_DENSE_SIGNED)) {
        return (int8_t)smelt_ssat8(smelt_smmul(scaled, multiplier) >> (each ? SMELT_DENSE_SHIFT_EACH : SMELT_DENSE_SHIFT));
    }
    return smelt_round_twice(scaled, multiplier, each ? (int32_t)after[2] : dense->divisor, dense->zero_point);
}

/* Words after a row's weights. */
SMELT_CODE_SECTION
static inline int32_t words_after(const struct smelt_dense_s8__arm_dsp *dense) {
    return dense->form == (SMELT_DENSE_EACH | SMELT_DENSE_SIGNED) ? 3 : dense->form == SMELT_DENSE_EACH ? 2 : 1;
}

/* A layer without blocks: rows by twos. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
rows_by_twos(int8_t *output, const int8_t *input, const struct smelt_dense_s8__arm_dsp *dense) {
    const int32_t weights = dense->word_bytes / 4 + 1, step = weights + words_after(dense);
    const uint32_t *row = dense->weights;
    for (int32_t left = dense->outputs; left > 0;) {
        int32_t sums[2];
        smelt_dense_rows_s8__arm_dsp(sums, input, row, left > 1 ? 4 * step : 0, dense);
        for (int32_t k = 0; k < 2 && left > 0; k++) {
            *output++ = requantize(sums[k], row + weights, dense);
            row += step;
            left--;
        }
    }
}

SMELT_CODE_SECTION
void smelt_fully_connected_s8__arm_dsp(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_dsp_parameters *parameters) {
    const struct smelt_dense_s8__arm_dsp *const dense = &parameters->dense;
    if (parameters->batches == 0) {
        smelt_dense_blocks_s8__arm_dsp(output, input, dense, NULL);
        return;
    }
    for (int32_t left = parameters->batches; left > 0; left--) {
        const int32_t outputs = dense->outputs, step = words_after(dense);
        if (dense->block_bytes != 0) {
            const uint32_t *after = dense->weights + dense->block_bytes / 4;
            int32_t sums[3];
            smelt_dense_blocks_s8__arm_dsp(output, input, dense, sums);
            for (int32_t k = 0, first = outputs - dense->fives; first + k < outputs; k++) {
                output[first + k] = requantize(sums[k], after, dense);
                after += step;
            }
        } else {
            rows_by_twos(output, input, dense);
        }
        if (dense->low > -128 || dense->high < 127) {
            smelt_clamp_s8__arm_dsp(output, outputs, dense->low, dense->high);
        }
        input += parameters->inputs;
        output += outputs;
    }
}
