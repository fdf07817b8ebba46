/* Sums of 32 bits are added up in 64 before they could overflow. */
#include "smelt_gemm_s16__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"

#define FOURS (SMELT_SUMMED_S16 / 4)

SMELT_CODE_SECTION
static inline uint32_t pair(const int16_t *from) {
    return smelt_load_word((const int8_t *)(const void *)from);
}

void smelt_gemm_two_s16__arm_dsp(int16_t *output_0, int16_t *output_1, const int16_t *values_0,
                                 const int16_t *values_1, const struct smelt_gemm_s16__arm_dsp *gemm,
                                 const struct smelt_rows_s16 *rows) {
    const uint32_t *w = gemm->weights;
    for (int32_t channel = 0; channel < gemm->channels; channel += 2) {
        const int16_t *x = values_0, *y = values_1;
        int64_t sum_x0 = 0, sum_x1 = 0, sum_y0 = 0, sum_y1 = 0;
        for (int32_t left = gemm->depth >> 2; left > 0; left -= FOURS) {
            int32_t x0 = 0, x1 = 0, y0 = 0, y1 = 0;
            for (int32_t k = left < FOURS ? left : FOURS; k > 0; k--) {
                const uint32_t w0 = *w++, w1 = *w++;
                const uint32_t a0 = smelt_sxtb16(w0), b0 = smelt_sxtb16_ror8(w0);
                const uint32_t a1 = smelt_sxtb16(w1), b1 = smelt_sxtb16_ror8(w1);
                const uint32_t xa = pair(x), xb = pair(x + 2), ya = pair(y), yb = pair(y + 2);
                x0 = smelt_smlad(xb, b0, smelt_smlad(xa, a0, x0));
                x1 = smelt_smlad(xb, b1, smelt_smlad(xa, a1, x1));
                y0 = smelt_smlad(yb, b0, smelt_smlad(ya, a0, y0));
                y1 = smelt_smlad(yb, b1, smelt_smlad(ya, a1, y1));
                x += 4;
                y += 4;
            }
            sum_x0 += x0;
            sum_x1 += x1;
            sum_y0 += y0;
            sum_y1 += y1;
        }
        *output_0++ = smelt_row_output_s16(rows, channel, sum_x0);
        *output_1++ = smelt_row_output_s16(rows, channel, sum_y0);
        if (channel + 1 < gemm->channels) {
            *output_0++ = smelt_row_output_s16(rows, channel + 1, sum_x1);
            *output_1++ = smelt_row_output_s16(rows, channel + 1, sum_y1);
        }
    }
}

void smelt_gemm_one_s16__arm_dsp(int16_t *output, const int16_t *values, const struct smelt_gemm_s16__arm_dsp *gemm,
                                 const struct smelt_rows_s16 *rows) {
    const uint32_t *w = gemm->weights;
    for (int32_t channel = 0; channel < gemm->channels; channel += 2) {
        const int16_t *x = values;
        int64_t sum_0 = 0, sum_1 = 0;
        for (int32_t left = gemm->depth >> 2; left > 0; left -= FOURS) {
            int32_t s0 = 0, s1 = 0;
            for (int32_t k = left < FOURS ? left : FOURS; k > 0; k--) {
                const uint32_t w0 = *w++, w1 = *w++, xa = pair(x), xb = pair(x + 2);
                s0 = smelt_smlad(xb, smelt_sxtb16_ror8(w0), smelt_smlad(xa, smelt_sxtb16(w0), s0));
                s1 = smelt_smlad(xb, smelt_sxtb16_ror8(w1), smelt_smlad(xa, smelt_sxtb16(w1), s1));
                x += 4;
            }
            sum_0 += s0;
            sum_1 += s1;
        }
        *output++ = smelt_row_output_s16(rows, channel, sum_0);
        if (channel + 1 < gemm->channels) {
            *output++ = smelt_row_output_s16(rows, channel + 1, sum_1);
        }
    }
}
