/* output = requantize(input - input_zero_point) + zero_point, saturated; in place is allowed. */
#include "conversion.h"
#include "smelt_requantize.h"

void smelt_requantize_s8_u8(uint8_t *output, const int8_t *input,
                              const struct smelt_requantize_s8_parameters *parameters) {
    /* A copy: the compiler must assume that uint8_t stores change what the pointer shows. */
    const struct smelt_requantize_s8_parameters p = *parameters;
    for (int32_t i = 0; i < p.count; i++) {
        const int32_t value = smelt_requantize(input[i] - p.input_zero_point, p.mantissa, p.shift) + p.zero_point;
        output[i] = (uint8_t)smelt_clamp(value, 0, 255);
    }
}
