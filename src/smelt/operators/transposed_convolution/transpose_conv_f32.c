#include "smelt_clamp_f32.h"

#define SMELT_DATA float
#define SMELT_WEIGHTS float
#define SMELT_SUM float
#define SMELT_PARAMETERS struct smelt_transpose_conv_f32_parameters
#define SMELT_VALUE(x) (x)
#define SMELT_RESULT(sum, channel) smelt_clamp_f32((p->bias == NULL ? 0.0f : p->bias[channel]) + (sum), p->low, p->high)
#include "transpose_conv_walk.h"

void smelt_transpose_conv_f32(float *output, const float *input, const float *weights,
                              const struct smelt_transpose_conv_f32_parameters *parameters) {
    smelt_walk(output, input, weights, parameters);
}
