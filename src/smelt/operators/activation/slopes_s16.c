/* output = clamp(requantize(input - input_zero_point) + zero_point), a multiplier a sign; in place is allowed. */
#include "activation_s16.h"
#include "smelt_requantize.h"

void smelt_slopes_s16(int16_t *output, const int16_t *input, const struct smelt_slopes_s16_parameters *parameters) {
    for (int32_t i = 0; i < parameters->count; i++) {
        const int32_t x = input[i] - parameters->input_zero_point;
        const int32_t y = x >= 0 ? smelt_requantize(x, parameters->mantissa, parameters->shift)
                                 : smelt_requantize(x, parameters->negative_mantissa, parameters->negative_shift);
        output[i] = (int16_t)smelt_clamp(y + parameters->zero_point, parameters->low, parameters->high);
    }
}
