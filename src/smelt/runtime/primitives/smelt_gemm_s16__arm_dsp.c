/* Weights are loaded and widened once for two vectors. */
#include "smelt_gemm_s16__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"

SMELT_CODE_SECTION
static inline uint32_t pair(const int16_t *from) {
    return smelt_load_word((const int8_t *)(const void *)from);
}

void smelt_gemm_two_s16__arm_dsp(int16_t *output_0, int16_t *output_1, const int16_t *values_0,
                                 const int16_t *values_1, const struct smelt_gemm_s16__arm_dsp *gemm,
                                 const struct smelt_narrow_s16__arm_dsp *outputs) {
    const uint32_t *w = gemm->weights;
    for (int32_t channel = 0; channel < gemm->channels; channel += 2) {
        const int16_t *x = values_0, *y = values_1;
        int32_t x0 = 0, x1 = 0, y0 = 0, y1 = 0;
        for (int32_t k = gemm->depth >> 2; k > 0; k--) {
            /* in an order that needs no more registers than there are */
            const uint32_t w0 = *w++, w1 = *w++;
            uint32_t a = pair(x), b = pair(y), weights = smelt_sxtb16(w0);
            x0 = smelt_smlad(a, weights, x0);
            y0 = smelt_smlad(b, weights, y0);
            weights = smelt_sxtb16(w1);
            x1 = smelt_smlad(a, weights, x1);
            y1 = smelt_smlad(b, weights, y1);
            a = pair(x + 2);
            b = pair(y + 2);
            weights = smelt_sxtb16_ror8(w0);
            x0 = smelt_smlad(a, weights, x0);
            y0 = smelt_smlad(b, weights, y0);
            weights = smelt_sxtb16_ror8(w1);
            x1 = smelt_smlad(a, weights, x1);
            y1 = smelt_smlad(b, weights, y1);
            x += 4;
            y += 4;
        }
        *output_0++ = smelt_narrow_output_s16__arm_dsp(outputs, channel, x0);
        *output_1++ = smelt_narrow_output_s16__arm_dsp(outputs, channel, y0);
        if (channel + 1 < gemm->channels) {
            *output_0++ = smelt_narrow_output_s16__arm_dsp(outputs, channel + 1, x1);
            *output_1++ = smelt_narrow_output_s16__arm_dsp(outputs, channel + 1, y1);
        }
    }
}

void smelt_gemm_one_s16__arm_dsp(int16_t *output, const int16_t *values, const struct smelt_gemm_s16__arm_dsp *gemm,
                                 const struct smelt_narrow_s16__arm_dsp *outputs) {
    const uint32_t *w = gemm->weights;
    for (int32_t channel = 0; channel < gemm->channels; channel += 2) {
        const int16_t *x = values;
        int32_t s0 = 0, s1 = 0;
        for (int32_t k = gemm->depth >> 2; k > 0; k--) {
            const uint32_t w0 = *w++, w1 = *w++, xa = pair(x), xb = pair(x + 2);
            s0 = smelt_smlad(xb, smelt_sxtb16_ror8(w0), smelt_smlad(xa, smelt_sxtb16(w0), s0));
            s1 = smelt_smlad(xb, smelt_sxtb16_ror8(w1), smelt_smlad(xa, smelt_sxtb16(w1), s1));
            x += 4;
        }
        *output++ = smelt_narrow_output_s16__arm_dsp(outputs, channel, s0);
        if (channel + 1 < gemm->channels) {
            *output++ = smelt_narrow_output_s16__arm_dsp(outputs, channel + 1, s1);
        }
    }
}
