#include "clip.h"

void clip_f32(float *output, const float *input, const struct clip_parameters *parameters, int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        const float x = input[k] < parameters->low ? parameters->low : input[k];
        output[k] = x > parameters->high ? parameters->high : x;
    }
}
