#define SMELT_DATA int16_t
#define SMELT_WEIGHTS int8_t
#define SMELT_SUM int64_t
#define SMELT_PARAMETERS struct smelt_transpose_conv_s16_parameters
#define SMELT_VALUE(x) (x)
#define SMELT_RESULT(sum, channel) smelt_row_output_s16(&p->rows, channel, sum)
#include "transpose_conv_walk.h"

void smelt_transpose_conv_s16(int16_t *output, const int16_t *input, const int8_t *weights,
                              const struct smelt_transpose_conv_s16_parameters *parameters) {
    smelt_walk(output, input, weights, parameters);
}
