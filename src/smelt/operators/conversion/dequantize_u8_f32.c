/* output = scale * (input - zero_point). */
#include "conversion.h"

void smelt_dequantize_u8_f32(float *output, const uint8_t *input,
                             const struct smelt_quantize_parameters *parameters) {
    for (int32_t i = 0; i < parameters->count; i++) {
        output[i] = parameters->scale * (float)(input[i] - parameters->zero_point);
    }
}
