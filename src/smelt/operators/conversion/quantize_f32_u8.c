/* output = round(input / scale) + zero_point, saturated. */
#include "conversion.h"
#include "smelt_real_to_integer.h"

void smelt_quantize_f32_u8(uint8_t *output, const float *input,
                           const struct smelt_quantize_parameters *parameters) {
    const float scale = parameters->scale;
    const int32_t zero_point = parameters->zero_point;
    for (int32_t i = 0; i < parameters->count; i++) {
        output[i] = (uint8_t)(smelt_real_to_integer(input[i] / scale, 0 - zero_point, 255 - zero_point) + zero_point);
    }
}
