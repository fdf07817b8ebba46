/* depthwise_conv_2d of any kernel: for every output pixel the places of its taps are found once, then four channels at
 * a time are summed over them. */
#include "convolution__arm_dsp.h"
#include "smelt_simd__arm_dsp.h"

enum { OUTSIDE = -1 };

typedef struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Where in the image, or the ring of its rows, the taps of the field are that begins at (row, column), or OUTSIDE. */
SMELT_CODE_SECTION
static void find_taps(int32_t *taps, const struct smelt_window *window, int32_t row, int32_t column,
                      int32_t ring_rows) {
    for (int32_t y = 0; y < window->kernel_height; y++) {
        const int32_t from_row = row + y * window->dilation_height;
        for (int32_t x = 0; x < window->kernel_width; x++) {
            const int32_t from_column = column + x * window->dilation_width;
            const int inside = (uint32_t)from_row < (uint32_t)window->input_height &&
                               (uint32_t)from_column < (uint32_t)window->input_width;
            const int32_t pixel = from_row % ring_rows * window->input_width + from_column;
            *taps++ = inside ? pixel * window->input_channels : OUTSIDE;
        }
    }
}

/* Four channels of one pixel. */
SMELT_CODE_SECTION
static void compute_channels(int8_t *output, const int8_t *channels, const int32_t *taps, int32_t count,
                             const uint32_t *record, const parameters_t *parameters) {
    const uint32_t pads = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    const int32_t *const multipliers = (const int32_t *)record + 4, *const divisors = multipliers + 4;
    const uint32_t *weights = record + (parameters->signed_rounding ? 12 : 8);
    const int32_t *const end = taps + count;
    int32_t a = 0, b = 0, c = 0, d = 0;
    while (taps < end) {
        const int32_t tap = *taps++;
        const uint32_t w = *weights++;
        uint32_t x = pads;
        if (tap != OUTSIDE) {
            memcpy(&x, channels + tap, 4);
        }
        const uint32_t even = smelt_sxtb16(x), even_weights = smelt_sxtb16(w);
        const uint32_t odd = smelt_sxtb16_ror8(x), odd_weights = smelt_sxtb16_ror8(w);
        a = smelt_smlabb(even, even_weights, a);
        b = smelt_smlabb(odd, odd_weights, b);
        c = smelt_smlatt(even, even_weights, c);
        d = smelt_smlatt(odd, odd_weights, d);
    }
    a = (int32_t)(record[0] + ((uint32_t)a << 8));
    b = (int32_t)(record[1] + ((uint32_t)b << 8));
    c = (int32_t)(record[2] + ((uint32_t)c << 8));
    d = (int32_t)(record[3] + ((uint32_t)d << 8));
    if (parameters->signed_rounding) {
        const int32_t zero_point = parameters->zero_point;
        output[0] = smelt_round_twice(a, multipliers[0], divisors[0], zero_point);
        output[1] = smelt_round_twice(b, multipliers[1], divisors[1], zero_point);
        output[2] = smelt_round_twice(c, multipliers[2], divisors[2], zero_point);
        output[3] = smelt_round_twice(d, multipliers[3], divisors[3], zero_point);
    } else {
        output[0] = smelt_round_once(a, multipliers[0]);
        output[1] = smelt_round_once(b, multipliers[1]);
        output[2] = smelt_round_once(c, multipliers[2]);
        output[3] = smelt_round_once(d, multipliers[3]);
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                              void *scratch, int32_t first_row, int32_t row_count,
                                              int32_t input_ring_rows) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t channels = window->input_channels, count = window->kernel_height * window->kernel_width;
    const int32_t record_words = count + (parameters->signed_rounding ? 12 : 8);
    int32_t *const taps = scratch;
    int8_t *to = output;
    for (int32_t y = first_row; y < first_row + row_count; y++) {
        for (int32_t x = 0; x < window->output_width; x++) {
            const uint32_t *record = parameters->records;
            find_taps(taps, window, y * window->stride_height - window->pad_top,
                      x * window->stride_width - window->pad_left, input_ring_rows);
            for (int32_t c = 0; c < channels; c += 4) {
                /* The last four overlap those before where channels are not fours. */
                const int32_t channel = c + 4 <= channels ? c : channels - 4;
                compute_channels(to + channel, input + channel, taps, count, record, parameters);
                record += record_words;
            }
            to += channels;
        }
    }
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, (int32_t)(to - output), parameters->low, parameters->high);
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t rows = window->output_height, channels = window->input_channels;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_s8__arm_dsp(output, input, parameters, scratch, 0, rows, window->input_height);
        input += window->input_height * window->input_width * channels;
        output += rows * window->output_width * channels;
    }
}
