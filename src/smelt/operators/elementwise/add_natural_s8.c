/* As add_s8.c, with roundings that a multiplication does: a quarter less of what is negative turns ties away from zero. */
#include "elementwise.h"
#include "smelt_bytes__arm_dsp.h"
#include "smelt_limit_s8__arm_dsp.h"

enum { RAISED = 21 }; /* the 20 bits of add_s8.c, and twice that */

/* value * mantissa / 2^32, four times as large and ready to be divided. */
SMELT_CODE_SECTION
static inline int32_t product(int32_t value, int32_t mantissa) {
    const int32_t rounded = smelt_smmulr(value, mantissa);
    return (rounded >> 31) + rounded * 4;
}

void smelt_add_natural_s8(int8_t *output, const int8_t *a, const int8_t *b,
                          const struct smelt_add_s8_parameters *p) {
    const int32_t raised = 1 << RAISED, start_a = -p->zero_point_a * raised, start_b = -p->zero_point_b * raised;
    const int32_t mantissa_a = p->mantissa_a, mantissa_b = p->mantissa_b, mantissa = p->mantissa;
    const int32_t factor_a = 1 << (30 - p->divide_a), factor_b = 1 << (30 - p->divide_b), factor = 1 << (30 - p->divide);
    const int32_t zero_point = p->zero_point;
    int8_t *to = output;
    for (const int8_t *const end = output + p->count; to != end;) {
        const int32_t value_b = start_b + *b++ * raised, value_a = start_a + *a++ * raised;
        const int32_t sum = smelt_smmlar(product(value_a, mantissa_a), factor_a,
                                         smelt_smmulr(product(value_b, mantissa_b), factor_b));
        *to++ = (int8_t)smelt_ssat8(smelt_smmlar(product(sum * 2, mantissa), factor, zero_point));
    }
    if (p->low > -128 || p->high < 127) {
        smelt_limit_s8__arm_dsp(output, output, p->count, p->low, p->high);
    }
}
