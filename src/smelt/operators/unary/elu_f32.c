/* output = x where x > 0, else alpha * (e to the x less 1); in place is allowed. */
#include "unary.h"
#include "unary_f32.h"

SMELT_CODE_SECTION
void smelt_elu_f32(float *output, const float *input, const struct smelt_elu_f32_parameters *parameters, int32_t count) {
    const float alpha = parameters->alpha;
    for (int32_t i = 0; i < count; i++) {
        output[i] = input[i] > 0.0f ? input[i] : alpha * smelt_expm1(input[i]);
    }
}
