/* What recurrent layers share. */
#include "recurrent.h"

#include <math.h>
#include <stddef.h>

SMELT_CODE_SECTION
float smelt_recurrent_activate_f32(float x, int32_t activation) {
    if (activation == SMELT_RECURRENT_RELU) {
        return x > 0.0f ? x : 0.0f;
    }
    if (activation == SMELT_RECURRENT_HARD_SIGMOID) {
        const float y = 0.2f * x + 0.5f;
        return y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y;
    }
    if (activation == SMELT_RECURRENT_LINEAR) {
        return x;
    }
    const float magnitude = fabsf(x);
    if (activation == SMELT_RECURRENT_LOGISTIC) {
        const float small = expf(-magnitude);
        return (x >= 0.0f ? 1.0f : small) / (1.0f + small);
    }
    if (magnitude < 0.25f) {
        /* Taylor series: the quotient below would lose digits here. The next term is below 1e-8. */
        const float x2 = x * x;
        return x + x * x2 * (-0.33333333f + x2 * (0.13333333f + x2 * (-0.053968254f + x2 * 0.021869488f)));
    }
    const float small = expf(-2.0f * magnitude), result = (1.0f - small) / (1.0f + small);
    return x < 0.0f ? -result : result;
}

SMELT_CODE_SECTION
void smelt_recurrent_product_f32(float *sums, const float *matrix, const float *vector, const float *bias,
                                 int32_t rows, int32_t columns) {
    for (int32_t row = 0; row < rows; row++) {
        float sum = bias == NULL ? 0.0f : bias[row];
        for (int32_t column = 0; column < columns; column++) {
            sum += *matrix++ * vector[column];
        }
        sums[row] = sum;
    }
}

SMELT_CODE_SECTION
void smelt_recurrent_begin_f32(float *to, const float *from, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to[i] = from == NULL ? 0.0f : from[i];
    }
}
