/* output = clamp(sum / count), to nearest, ties away from zero, of each channel of a whole image. */
#include "pool_window.h"
#include "pooling.h"
#include "smelt_requantize.h"

void smelt_average_all_s8(int8_t *output, const int8_t *input,
                          const struct smelt_average_all_s8_parameters *parameters) {
    const int32_t channels = parameters->channels, count = parameters->count;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t channel = 0; channel < channels; channel++) {
            const int8_t *element = input + channel;
            int32_t sum = 0;
            for (int32_t left = count; left > 0; left--) {
                sum += *element;
                element += channels;
            }
            const int32_t mean = smelt_pool_quotient(sum, count, parameters->reciprocal);
            *output++ = (int8_t)smelt_clamp(mean, parameters->low, parameters->high);
        }
        input += count * channels;
    }
}
