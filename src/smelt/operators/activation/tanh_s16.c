/* output = tanh(input) by linear interpolation, bit for bit as TensorFlow Lite's; in place is allowed. */
#include "sigmoid_s16.h"

void smelt_tanh_s16(int16_t *output, const int16_t *input, const struct smelt_sigmoid_s16_parameters *parameters) {
    for (int32_t i = 0; i < parameters->count; i++) {
        const int32_t x = smelt_sigmoid_argument(parameters, input[i]);
        const int32_t y = smelt_sigmoid(parameters->table, (uint32_t)(x < 0 ? -x : x), 8, 0xFFFF << 8) - (1 << 23);
        output[i] = (int16_t)((x < 0 ? 127 - y : y + 128) >> 8);
    }
}
