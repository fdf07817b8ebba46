/* As average_all_s8.c, four channels at a time; some are computed twice where they are no whole fours. */
#include "pool_sums__arm_dsp.h"
#include "pool_window.h"
#include "pooling__arm_dsp.h"
#include "smelt_requantize.h"

void smelt_average_all_s8__arm_dsp(int8_t *output, const int8_t *input,
                                   const struct smelt_average_all_s8_parameters *parameters) {
    const int32_t channels = parameters->channels, count = parameters->count;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t channel = 0; channel < channels; channel += 4) {
            channel = channel > channels - 4 ? channels - 4 : channel;
            int32_t sums[4] = {0, 0, 0, 0};
            smelt_add_four_s8(sums, input + channel, count, channels);
            for (int32_t i = 0; i < 4; i++) {
                const int32_t mean = smelt_pool_quotient(sums[i], count, parameters->reciprocal);
                output[channel + i] = (int8_t)smelt_clamp(mean, parameters->low, parameters->high);
            }
        }
        output += channels;
        input += count * channels;
    }
}
