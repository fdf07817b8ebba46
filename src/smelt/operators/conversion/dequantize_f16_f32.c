/* output = input, given as the bits of IEEE half-precision numbers. */
#include "conversion.h"
#include "smelt_half.h"

void smelt_dequantize_f16_f32(float *output, const uint16_t *input, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        output[i] = smelt_half_to_float(input[i]);
    }
}
