/* output = a * b, clamped to [low, high]. */
#include "elementwise.h"

void smelt_mul_f32(float *output, const float *a, const float *b,
                   const struct smelt_mul_f32_parameters *parameters) {
    const struct smelt_mul_f32_parameters p = *parameters;
    for (int32_t i = 0; i < p.count; i++) {
        float value = *a * *b;
        if (value < p.low) {
            value = p.low;
        }
        output[i] = value > p.high ? p.high : value;
        a += p.step_a;
        b += p.step_b;
    }
}
