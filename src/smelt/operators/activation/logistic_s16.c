/* output = 1 / (1 + exp(-input)) by linear interpolation, bit for bit as TensorFlow Lite's; in place is allowed. */
#include "sigmoid_s16.h"

void smelt_logistic_s16(int16_t *output, const int16_t *input,
                        const struct smelt_sigmoid_s16_parameters *parameters) {
    for (int32_t i = 0; i < parameters->count; i++) {
        const int32_t x = smelt_sigmoid_argument(parameters, input[i]);
        const int32_t y = smelt_sigmoid(parameters->table, (uint32_t)(x < 0 ? -x : x), 9, 0x7FFF << 10);
        output[i] = (int16_t)((x < 0 ? (1 << 25) - y + 511 : y + 512) >> 10);
    }
}
