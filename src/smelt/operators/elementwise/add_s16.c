/* output = clamp(rescale(rescale(a) + sign_b * rescale(b))), the inputs raised by 15 bits first. */
#include "elementwise.h"
#include "smelt_requantize.h"

SMELT_CODE_SECTION
static inline int32_t rescale(int32_t value, int32_t mantissa, int32_t divide) {
    return smelt_rounding_shift_right(smelt_high_mul(value, mantissa), divide);
}

void smelt_add_s16(int16_t *output, const int16_t *a, const int16_t *b,
                  const struct smelt_add_s8_parameters *parameters) {
    const struct smelt_add_s8_parameters p = *parameters;
    for (int32_t i = 0; i < p.count; i++) {
        const int32_t scaled_a = rescale((*a - p.zero_point_a) * (1 << 15), p.mantissa_a, p.divide_a);
        const int32_t scaled_b = rescale((*b - p.zero_point_b) * (1 << 15), p.mantissa_b, p.divide_b);
        const int32_t sum = rescale(scaled_a + p.sign_b * scaled_b, p.mantissa, p.divide);
        output[i] = (int16_t)smelt_clamp(sum + p.zero_point, p.low, p.high);
        a += p.step_a;
        b += p.step_b;
    }
}
