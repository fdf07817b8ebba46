/* The products of smelt_mul_s8__arm_dsp, then clamped where they lie. */
#include "elementwise__arm_dsp.h"
#include "smelt_limit_s8__arm_dsp.h"

void smelt_mul_clamped_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                                   const struct smelt_mul_s8_parameters *parameters) {
    smelt_mul_s8__arm_dsp(output, a, b, parameters);
    smelt_limit_s8__arm_dsp(output, output, parameters->count, parameters->low, parameters->high);
}
