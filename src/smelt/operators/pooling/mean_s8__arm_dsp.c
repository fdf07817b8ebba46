/* As mean_s8.c, four channels at a time; some are computed twice where they are no whole fours. */
#include "pool_sums__arm_dsp.h"
#include "pooling__arm_dsp.h"
#include "smelt_requantize.h"

void smelt_mean_s8__arm_dsp(int8_t *output, const int8_t *input, const struct smelt_mean_s8_parameters *parameters) {
    const int32_t channels = parameters->inner, count = parameters->columns;
    for (int32_t outer = 0; outer < parameters->outer; outer++) {
        for (int32_t channel = 0; channel < channels; channel += 4) {
            channel = channel > channels - 4 ? channels - 4 : channel;
            int32_t sums[4] = {0, 0, 0, 0};
            smelt_add_four_s8(sums, input + channel, count, channels);
            for (int32_t i = 0; i < 4; i++) {
                const int32_t mean =
                    smelt_requantize(sums[i] + parameters->offset, parameters->mantissa, parameters->shift) +
                    parameters->output_zero_point;
                output[channel + i] = (int8_t)smelt_clamp(mean, -128, 127);
            }
        }
        output += channels;
        input += count * channels;
    }
}
