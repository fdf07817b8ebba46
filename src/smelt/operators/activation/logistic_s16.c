/* output = 1 / (1 + exp(-input)) by linear interpolation, bit for bit as TensorFlow Lite's; in place is allowed. */
#include "sigmoid_s16.h"

void smelt_logistic_s16(int16_t *output, const int16_t *input,
                        const struct smelt_sigmoid_s16_parameters *parameters) {
    for (int32_t i = 0; i < parameters->count; i++) {
        output[i] = (int16_t)smelt_logistic_of(parameters->table, smelt_sigmoid_argument(parameters, input[i]));
    }
}
