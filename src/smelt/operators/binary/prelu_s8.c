/* output = input where it is not below zero, else input * slope, each rescaled. */
#include "binary.h"
#include "smelt_requantize.h"

void smelt_prelu_s8(int8_t *output, const int8_t *input, const int8_t *slopes,
                    const struct smelt_prelu_s8_parameters *parameters, const int32_t *table) {
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    do {
        const int8_t *element = input + place.a, *slope = slopes + place.b;
        for (int32_t i = 0; i < parameters->count; i++) {
            const int32_t x = *element - parameters->input_zero_point;
            const int32_t y = x >= 0 ? smelt_requantize(x, parameters->mantissa, parameters->shift)
                                     : smelt_requantize(x * (*slope - parameters->slope_zero_point),
                                                        parameters->sloped_mantissa, parameters->sloped_shift);
            *output++ = (int8_t)smelt_clamp(y + parameters->output_zero_point, -128, 127);
            element += parameters->step_input;
            slope += parameters->step_slope;
        }
    } while (table != NULL && smelt_broadcast_next(&place, table));
}
