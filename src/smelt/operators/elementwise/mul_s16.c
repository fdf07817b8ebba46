/* output = clamp(requantize((a - zero_point_a) * (b - zero_point_b)) + zero_point). */
#include "elementwise.h"
#include "smelt_requantize.h"

void smelt_mul_s16(int16_t *output, const int16_t *a, const int16_t *b,
                  const struct smelt_mul_s8_parameters *parameters) {
    const struct smelt_mul_s8_parameters p = *parameters;
    for (int32_t i = 0; i < p.count; i++) {
        const int32_t product = (*a - p.zero_point_a) * (*b - p.zero_point_b);
        const int32_t value = smelt_requantize(product, p.mantissa, p.shift) + p.zero_point;
        output[i] = (int16_t)smelt_clamp(value, p.low, p.high);
        a += p.step_a;
        b += p.step_b;
    }
}
