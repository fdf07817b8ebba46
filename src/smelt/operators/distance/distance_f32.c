/* Point by point, in the order of features. */
#include "distance.h"

#include <math.h>

#define SMELT_DISTANCE(name, term)                                                                                \
    SMELT_CODE_SECTION                                                                                            \
    void name(float *output, const float *input, const float *point, int32_t rows, int32_t points,               \
              int32_t features) {                                                                                 \
        for (; rows > 0; rows--) {                                                                                \
            const float *other = point;                                                                           \
            for (int32_t i = points; i > 0; i--) {                                                                \
                float sum = 0.0f;                                                                                 \
                for (int32_t k = 0; k < features; k++) {                                                          \
                    const float difference = input[k] - *other++;                                                 \
                    sum += (term);                                                                                \
                }                                                                                                 \
                *output++ = sum;                                                                                  \
            }                                                                                                     \
            input += features;                                                                                    \
        }                                                                                                         \
    }

SMELT_DISTANCE(smelt_squared_distance_f32, difference * difference)
SMELT_DISTANCE(smelt_absolute_distance_f32, fabsf(difference))
