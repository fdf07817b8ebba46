/* output = requantize(input - input_zero_point) + zero_point, saturated; in place is allowed. */
#include "conversion.h"
#include "smelt_requantize.h"

void smelt_requantize_s16_s16(int16_t *output, const int16_t *input,
                              const struct smelt_requantize_s8_parameters *parameters) {
    const struct smelt_requantize_s8_parameters p = *parameters;
    for (int32_t i = 0; i < p.count; i++) {
        const int32_t value = smelt_requantize(input[i] - p.input_zero_point, p.mantissa, p.shift) + p.zero_point;
        output[i] = (int16_t)smelt_clamp(value, -32768, 32767);
    }
}
