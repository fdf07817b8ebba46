/* Four outputs at a time share the loads of inputs; each is summed in the order of its weights. */
#include "dense.h"
#include "smelt_clamp_f32.h"

/* The products of the inputs and of `rows` rows of weights, 4 or 1. */
SMELT_CODE_SECTION
static void sum_rows(float sums[4], const float *x, const float *w0, int32_t inputs, int32_t rows) {
    float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
    if (rows == 4) {
        const float *w1 = w0 + inputs, *w2 = w1 + inputs, *w3 = w2 + inputs;
        for (int32_t k = inputs; k > 0; k--) {
            const float value = *x++;
            s0 += value * *w0++;
            s1 += value * *w1++;
            s2 += value * *w2++;
            s3 += value * *w3++;
        }
    } else {
        for (int32_t k = inputs; k > 0; k--) {
            s0 += *x++ * *w0++;
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

void smelt_fully_connected_f32(float *output, const float *input, const float *weights,
                               const struct smelt_fully_connected_f32_parameters *parameters) {
    const int32_t inputs = parameters->inputs, outputs = parameters->outputs;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const float *row = weights;
        for (int32_t j = 0; j < outputs;) {
            const int32_t rows = outputs - j >= 4 ? 4 : 1;
            float sums[4];
            sum_rows(sums, input, row, inputs, rows);
            row += rows * inputs;
            for (int32_t i = 0; i < rows; i++, j++) {
                *output++ = smelt_clamp_f32(sums[i] + parameters->bias[j], parameters->low, parameters->high);
            }
        }
        input += inputs;
    }
}
