/* Distances between each of `rows` rows of `features` numbers and each of `points` points. */
#ifndef SMELT_DISTANCE_H
#define SMELT_DISTANCE_H

#include <stdint.h>

#include "smelt_placement.h"

/* The sum of squared differences. */
void smelt_squared_distance_f32(float *output, const float *input, const float *point, int32_t rows, int32_t points,
                                int32_t features);
/* The sum of absolute differences. */
void smelt_absolute_distance_f32(float *output, const float *input, const float *point, int32_t rows, int32_t points,
                                 int32_t features);

#endif
