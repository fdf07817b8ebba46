/* As average_pool_2d_sums_s8.c, four channels at a time. */
#include "pool_sums__arm_dsp.h"
#include "pool_window.h"
#include "pooling__arm_dsp.h"
#include "smelt_requantize.h"

void smelt_average_pool_2d_sums_s8__arm_dsp(int8_t *output, const int8_t *input,
                                            const struct smelt_average_pool_2d_s8_parameters *parameters,
                                            void *scratch, int32_t first_row, int32_t row_count,
                                            int32_t input_ring_rows) {
    const int32_t channels = parameters->channels, count = parameters->input_height * parameters->input_width;
    const uint32_t reciprocal =
        parameters->reciprocals[parameters->filter_height * parameters->filter_width - count];
    int32_t *const sums = scratch;
    smelt_add_rows_s8__arm_dsp(sums, input, parameters->input_width, channels, first_row, row_count, input_ring_rows);
    for (int32_t channel = 0; first_row + row_count == parameters->input_height && channel < channels; channel++) {
        const int32_t mean = smelt_pool_quotient(sums[channel], count, reciprocal);
        output[channel] = (int8_t)smelt_clamp(mean, parameters->low, parameters->high);
    }
}
