/* output = round(input / scale) + zero_point, saturated. */
#include "conversion.h"

SMELT_CODE_SECTION
static int32_t quantize(float ratio, int32_t low, int32_t high) {
    /* Saturate before converting: C leaves the conversion of a float beyond int32 undefined. NaN goes low. */
    if (!(ratio > (float)low)) {
        return low;
    }
    if (ratio >= (float)high) {
        return high;
    }
    const int32_t whole = (int32_t)ratio;
    /* Exact, unlike adding 0.5 before truncating. */
    const float rest = ratio - (float)whole;
    return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

void smelt_quantize_f32_s8(int8_t *output, const float *input,
                           const struct smelt_quantize_parameters *parameters) {
    const float scale = parameters->scale;
    const int32_t zero_point = parameters->zero_point;
    for (int32_t i = 0; i < parameters->count; i++) {
        output[i] = (int8_t)(quantize(input[i] / scale, -128 - zero_point, 127 - zero_point) + zero_point);
    }
}
