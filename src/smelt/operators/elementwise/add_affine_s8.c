/* output = clamp((start + floor(multiplier_a * a / 2^8) + floor(multiplier_b * b / 2^8)) >> shift) */
#include "elementwise.h"
#include "smelt_requantize.h"

/* floor(value * multiplier / 2^8) in 32 bits */
SMELT_CODE_SECTION
static inline int32_t product(int32_t value, int32_t multiplier) {
    return value * (multiplier >> 8) + ((value * (multiplier & 0xFF)) >> 8);
}

void smelt_add_affine_s8(int8_t *output, const int8_t *a, const int8_t *b,
                         const struct smelt_add_affine_s8_parameters *parameters) {
    /* A copy: the compiler must assume that int8_t stores change what the pointer shows. */
    const struct smelt_add_affine_s8_parameters p = *parameters;
    for (int32_t i = 0; i < p.count; i++) {
        const int32_t sum = p.start + product(*a, p.multiplier_a) + product(*b, p.multiplier_b);
        output[i] = (int8_t)smelt_clamp(sum >> p.shift, p.low, p.high);
        a += p.step_a;
        b += p.step_b;
    }
}
