/* Softmax in float; in place is allowed. */
#include "softmax.h"

#include <math.h>

void smelt_softmax_f32(float *output, const float *input, const struct smelt_softmax_f32_parameters *parameters) {
    const int32_t depth = parameters->depth;
    for (int32_t row = 0; row < parameters->rows; row++) {
        float largest = input[0];
        for (int32_t i = 1; i < depth; i++) {
            largest = input[i] > largest ? input[i] : largest;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < depth; i++) {
            output[i] = expf((input[i] - largest) * parameters->beta);
            sum += output[i];
        }
        for (int32_t i = 0; i < depth; i++) {
            output[i] /= sum;
        }
        output += depth;
        input += depth;
    }
}
