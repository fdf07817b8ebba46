#define SMELT_DATA int8_t
#define SMELT_WEIGHTS int8_t
#define SMELT_SUM int32_t
#define SMELT_PARAMETERS struct smelt_transpose_conv_s8_parameters
#define SMELT_VALUE(x) ((x) - p->input_zero_point)
#define SMELT_RESULT(sum, channel) smelt_row_output_s8(&p->rows, channel, sum)
#include "transpose_conv_walk.h"

void smelt_transpose_conv_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                              const struct smelt_transpose_conv_s8_parameters *parameters) {
    smelt_walk(output, input, weights, parameters);
}
