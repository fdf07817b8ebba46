/* Four sums at a time, each in 32 bits as smelt_add_s8 computes it. */
#include <arm_mve.h>

#include "elementwise__arm_mve.h"

/* Rounds twice; `shift` is the negated exponent. One less for negative values that are shifted: vrshl rounds ties
 * up, the meaning is away from zero. vqrdmulh is the high multiplication of TensorFlow Lite Micro. */
static inline int32x4_t rescale(int32x4_t value, int32_t mantissa, int32x4_t shift) {
    const int32x4_t product = vqrdmulhq_n_s32(value, mantissa);
    return vrshlq_s32(vqaddq_s32(product, vshrq_n_s32(vandq_s32(product, shift), 31)), shift);
}

void smelt_add_s8__arm_mve(int8_t *output, const int8_t *a, const int8_t *b,
                           const struct smelt_add_s8_parameters *parameters) {
    const struct smelt_add_s8_parameters p = *parameters;
    const int32x4_t shift_a = vdupq_n_s32(-p.divide_a), shift_b = vdupq_n_s32(-p.divide_b);
    const int32x4_t shift = vdupq_n_s32(-p.divide);
    for (int32_t left = p.count; left > 0; left -= 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)left);
        int32x4_t scaled_a = vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(a, lanes), p.zero_point_a), 20);
        int32x4_t scaled_b = vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(b, lanes), p.zero_point_b), 20);
        scaled_a = rescale(scaled_a, p.mantissa_a, shift_a);
        scaled_b = rescale(scaled_b, p.mantissa_b, shift_b);
        int32x4_t sum = rescale(vmlaq_n_s32(scaled_a, scaled_b, p.sign_b), p.mantissa, shift);
        sum = vaddq_n_s32(sum, p.zero_point);
        sum = vminq_s32(vmaxq_s32(sum, vdupq_n_s32(p.low)), vdupq_n_s32(p.high));
        vstrbq_p_s32(output, sum, lanes);
        a += 4;
        b += 4;
        output += 4;
    }
}
