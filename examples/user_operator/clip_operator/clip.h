#ifndef CLIP_H
#define CLIP_H

#include <stdint.h>

struct clip_parameters {
    float low, high;
};

void clip_f32(float *output, const float *input, const struct clip_parameters *parameters, int32_t count);

#endif
