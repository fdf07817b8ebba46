/* depthwise_conv_2d of any kernel: for every output pixel the addresses of its taps are found once, then four
 * channels at a time are summed over them. */
#include "convolution__arm_dsp.h"
#include "smelt_simd__arm_dsp.h"

typedef struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Where the taps of the field that begins at (row, column) are; `pads` for those outside the image. */
static void find_taps(const int8_t **taps, const int8_t *image, const struct smelt_window *window, int32_t row,
                      int32_t column, const int8_t *pads) {
    for (int32_t y = 0; y < window->kernel_height; y++) {
        const int32_t from_row = row + y * window->dilation_height;
        for (int32_t x = 0; x < window->kernel_width; x++) {
            const int32_t from_column = column + x * window->dilation_width;
            const int inside = (uint32_t)from_row < (uint32_t)window->input_height &&
                               (uint32_t)from_column < (uint32_t)window->input_width;
            *taps++ = inside ? image + (from_row * window->input_width + from_column) * window->input_channels : pads;
        }
    }
}

/* Four channels of one pixel. */
static void compute_channels(int8_t *output, const int8_t *const *taps, int32_t count, int32_t channel,
                             const uint32_t *record, const parameters_t *parameters) {
    const uint32_t *weights = record + (parameters->signed_rounding ? 12 : 8);
    int32_t sums[4] = {0, 0, 0, 0};
    for (; count > 0; count--) {
        uint32_t x;
        memcpy(&x, *taps++ + channel, 4);
        const uint32_t w = *weights++;
        const uint32_t x02 = smelt_sxtb16(x), w02 = smelt_sxtb16(w);
        const uint32_t x13 = smelt_sxtb16_ror8(x), w13 = smelt_sxtb16_ror8(w);
        sums[0] = smelt_smlabb(x02, w02, sums[0]);
        sums[1] = smelt_smlabb(x13, w13, sums[1]);
        sums[2] = smelt_smlatt(x02, w02, sums[2]);
        sums[3] = smelt_smlatt(x13, w13, sums[3]);
    }
    for (int32_t c = 0; c < 4; c++) {
        const int32_t sum = (int32_t)(record[c] + ((uint32_t)sums[c] << 8)), multiplier = (int32_t)record[4 + c];
        output[c] = parameters->signed_rounding
                        ? smelt_round_twice(sum, multiplier, (int32_t)record[8 + c], parameters->zero_point)
                        : smelt_round_once(sum, multiplier);
    }
}

void smelt_depthwise_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t channels = window->input_channels, count = window->kernel_height * window->kernel_width;
    const int32_t record_words = count + (parameters->signed_rounding ? 12 : 8);
    const int8_t **const taps = scratch;
    int8_t *const pads = (int8_t *)(taps + count);
    int8_t *to = output;
    memset(pads, parameters->pad, (size_t)channels);
    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t y = 0; y < window->output_height; y++) {
            for (int32_t x = 0; x < window->output_width; x++) {
                const uint32_t *record = parameters->records;
                find_taps(taps, input, window, y * window->stride_height - window->pad_top,
                          x * window->stride_width - window->pad_left, pads);
                for (int32_t c = 0; c < channels; c += 4) {
                    /* The last four overlap those before where channels are not fours. */
                    const int32_t channel = c + 4 <= channels ? c : channels - 4;
                    compute_channels(to + channel, taps, count, channel, record, parameters);
                    record += record_words;
                }
                to += channels;
            }
        }
        input += window->input_height * window->input_width * channels;
    }
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, (int32_t)(to - output), parameters->low, parameters->high);
    }
}
