/* As mean_sums_s8.c, four channels at a time. */
#include "pool_sums__arm_dsp.h"
#include "pooling__arm_dsp.h"
#include "smelt_requantize.h"

void smelt_mean_sums_s8__arm_dsp(int8_t *output, const int8_t *input,
                                 const struct smelt_mean_s8_parameters *parameters, void *scratch, int32_t first_row,
                                 int32_t row_count, int32_t input_ring_rows) {
    const int32_t channels = parameters->inner;
    int32_t *const sums = scratch;
    smelt_add_rows_s8__arm_dsp(sums, input, parameters->columns, channels, first_row, row_count, input_ring_rows);
    for (int32_t channel = 0; first_row + row_count == parameters->rows && channel < channels; channel++) {
        const int32_t mean =
            smelt_requantize(sums[channel] + parameters->offset, parameters->mantissa, parameters->shift) +
            parameters->output_zero_point;
        output[channel] = (int8_t)smelt_clamp(mean, -128, 127);
    }
}
