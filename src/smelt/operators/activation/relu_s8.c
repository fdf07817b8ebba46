/* output = input clamped to [low, high]; in place is allowed. */
#include "activation.h"
#include "smelt_requantize.h"

void smelt_relu_s8(int8_t *output, const int8_t *input, const struct smelt_relu_s8_parameters *parameters) {
    const int32_t count = parameters->count, low = parameters->low, high = parameters->high;
    for (int32_t i = 0; i < count; i++) {
        output[i] = (int8_t)smelt_clamp(input[i], low, high);
    }
}
