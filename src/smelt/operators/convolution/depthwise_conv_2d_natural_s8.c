/* Weights are few: they are put into the order that the packed kernel reads in every call. It cannot have channels with a
 * large bias or multiplier; these are computed afterwards, one by one. */
#include "convolution__arm_dsp.h"
#include "convolution_natural.h"
#include "smelt_requantize.h"

typedef struct smelt_depthwise_conv_2d_natural_s8_parameters parameters_t;

SMELT_CODE_SECTION
static int32_t taps_of(const struct smelt_window *window) {
    return window->kernel_height * window->kernel_width;
}

/* Whether sums are below 2^22, and shifts from -30 to -2. */
SMELT_CODE_SECTION
static int is_narrow(const parameters_t *p, int32_t channel) {
    enum { LARGEST_BIAS = 1 << 22, MOST_TAPS = 128 };
    const int32_t bias = p->bias != NULL ? p->bias[channel] : 0, shift = p->scales[2 * channel + 1];
    return bias <= LARGEST_BIAS && bias >= -LARGEST_BIAS && shift >= -30 && shift <= -2 && taps_of(&p->window) <= MOST_TAPS;
}

/* The sum of one field whose first tap is in column `column`. */
SMELT_CODE_SECTION
static int32_t field_sum(const int8_t *image, const int8_t *weights, const struct smelt_window *window,
                         const struct smelt_field_rows *rows, int32_t column, int32_t zero_point) {
    const struct smelt_taps columns =
        smelt_taps_inside(column, window->dilation_width, window->kernel_width, window->input_width);
    uint32_t sum = 0;
    int32_t row = rows->slot;
    for (int32_t y = rows->begin; y < rows->end; y++) {
        const int8_t *const from = image + row * window->input_width * window->input_channels;
        const int8_t *const taps = weights + y * window->kernel_width * window->output_channels;
        for (int32_t x = columns.begin; x < columns.end; x++) {
            const int32_t place = (column + x * window->dilation_width) * window->input_channels;
            sum += (uint32_t)((from[place] - zero_point) * taps[x * window->output_channels]);
        }
        row += window->dilation_height;
    }
    return (int32_t)sum;
}

/* The bias minus what the input zero point adds. */
SMELT_CODE_SECTION
static int32_t folded(const parameters_t *p, const int8_t *weights, int32_t channel) {
    const int32_t channels = p->window.output_channels;
    int32_t sum = 0;
    for (int32_t tap = taps_of(&p->window); tap > 0; tap--) {
        sum += weights[channel];
        weights += channels;
    }
    const uint32_t bias = p->bias != NULL ? (uint32_t)p->bias[channel] : 0;
    return (int32_t)(bias - (uint32_t)p->input_zero_point * (uint32_t)sum);
}

SMELT_CODE_SECTION
static int32_t fours(int32_t count) {
    return (count + 3) / 4;
}

/* Of four channels each, for smelt_depthwise_conv_2d_s8__arm_dsp. Returns whether all channels are narrow. */
SMELT_CODE_SECTION
static int write_records(uint32_t *record, const int8_t *weights, const parameters_t *p) {
    const int32_t channels = p->window.output_channels, taps = taps_of(&p->window);
    int all = 1;
    for (int32_t next = 0; next < channels; next += 4) {
        const int32_t channel = next > channels - 4 ? channels - 4 : next;
        for (int32_t i = 0; i < 4; i++) {
            const int32_t *const scale = p->scales + 2 * (channel + i);
            const int narrow = is_narrow(p, channel + i);
            const uint32_t divisor = narrow ? (uint32_t)(32 + scale[1]) : 0;
            all = all && narrow;
            record[i] = ((uint32_t)folded(p, weights, channel + i) << 8) + divisor;
            record[4 + taps + i] = (uint32_t)scale[0];
        }
        for (int32_t tap = 0; tap < taps; tap++) {
            memcpy(record + 4 + tap, weights + tap * channels + channel, 4);
        }
        record += 8 + taps;
    }
    return all;
}

/* scratch: a pointer a tap, of 8 bytes at most, pads, records. Returns whether that was right for all channels. */
SMELT_CODE_SECTION
static int run_packed(int8_t *output, const int8_t *input, const int8_t *weights, const parameters_t *p,
                       void *scratch) {
    const int32_t channels = p->window.input_channels;
    uint32_t *const records = (uint32_t *)scratch + 2 * taps_of(&p->window) + fours(channels);
    const struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters packed = {
        p->window, records, p->input_zero_point, channels, 1, p->zero_point, p->low, p->high};
    const int all = write_records(records, weights, p);
    smelt_depthwise_conv_2d_s8__arm_dsp(output, input, &packed, scratch);
    return all;
}

/* One channel of all pixels. */
SMELT_CODE_SECTION
static void run_channel(int8_t *output, const int8_t *input, const int8_t *weights, const parameters_t *p,
                        int32_t channel) {
    const struct smelt_window *const window = &p->window;
    const uint32_t bias = p->bias != NULL ? (uint32_t)p->bias[channel] : 0;
    const int32_t *const scale = p->scales + 2 * channel;
    struct smelt_field_rows rows;
    input += channel / p->multiplier;
    output += channel;
    for (int32_t y = 0; y < window->output_height; y++) {
        rows = smelt_field_rows(window, y * window->stride_height - window->pad_top, window->input_height);
        for (int32_t x = 0; x < window->output_width; x++) {
            const int32_t sum = field_sum(input, weights + channel, window, &rows,
                                          x * window->stride_width - window->pad_left, p->input_zero_point);
            const int32_t value = smelt_requantize((int32_t)((uint32_t)sum + bias), scale[0], scale[1]);
            *output = (int8_t)smelt_clamp(value + p->zero_point, p->low, p->high);
            output += window->output_channels;
        }
    }
}

SMELT_CODE_SECTION
int32_t smelt_depthwise_conv_2d_natural_scratch_s8(const struct smelt_window *window) {
    const int32_t taps = taps_of(window), blocks = fours(window->output_channels);
    return 4 * (2 * taps + blocks + blocks * (8 + taps));
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_natural_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                        const parameters_t *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int packed = parameters->multiplier == 1 && window->input_channels >= 4;
    if (packed && run_packed(output, input, weights, parameters, scratch)) {
        return;
    }
    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t channel = 0; channel < window->output_channels; channel++) {
            if (!packed || !is_narrow(parameters, channel)) {
                run_channel(output, input, weights, parameters, channel);
            }
        }
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
