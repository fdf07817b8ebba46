/* Weights are few: they are put into the order that the packed kernel reads, or their sums into the bias of the portable
 * one, in every call. */
#include "convolution.h"
#include "convolution__arm_dsp.h"
#include "convolution_natural.h"

typedef struct smelt_depthwise_conv_2d_natural_s8_parameters parameters_t;

SMELT_CODE_SECTION
static int32_t taps_of(const struct smelt_window *window) {
    return window->kernel_height * window->kernel_width;
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

/* Of four channels each, for smelt_depthwise_conv_2d_s8__arm_dsp. */
SMELT_CODE_SECTION
static void write_records(uint32_t *record, const int8_t *weights, const parameters_t *p) {
    const int32_t channels = p->window.output_channels, taps = taps_of(&p->window);
    for (int32_t next = 0; next < channels; next += 4) {
        const int32_t channel = next > channels - 4 ? channels - 4 : next;
        for (int32_t i = 0; i < 4; i++) {
            const int32_t *const scale = p->scales + 2 * (channel + i);
            record[i] = ((uint32_t)folded(p, weights, channel + i) << 8) + (uint32_t)(32 + scale[1]);
            record[4 + taps + i] = (uint32_t)scale[0];
        }
        for (int32_t tap = 0; tap < taps; tap++) {
            memcpy(record + 4 + tap, weights + tap * channels + channel, 4);
        }
        record += 8 + taps;
    }
}

/* scratch: a pointer a tap, of 8 bytes at most, pads, records. */
SMELT_CODE_SECTION
static void run_packed(int8_t *output, const int8_t *input, const int8_t *weights, const parameters_t *p,
                       void *scratch) {
    const int32_t channels = p->window.input_channels;
    uint32_t *const records = (uint32_t *)scratch + 2 * taps_of(&p->window) + fours(channels);
    const struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters packed = {
        p->window, records, p->input_zero_point, channels, 1, p->zero_point, p->low, p->high};
    write_records(records, weights, p);
    smelt_depthwise_conv_2d_s8__arm_dsp(output, input, &packed, scratch);
}

/* scratch: a bias, a mantissa and a shift a channel, then a field. */
SMELT_CODE_SECTION
static void run_portable(int8_t *output, const int8_t *input, const int8_t *weights, const parameters_t *p,
                         void *scratch) {
    const int32_t channels = p->window.output_channels;
    int32_t *const bias = scratch, *const mantissas = bias + channels;
    int8_t *const shifts = (int8_t *)(mantissas + channels);
    const struct smelt_depthwise_conv_2d_s8_parameters plain = {
        p->window, {bias, mantissas, shifts, 1, p->zero_point, p->low, p->high}, (uint16_t)p->multiplier,
        p->input_zero_point};
    for (int32_t channel = 0; channel < channels; channel++) {
        bias[channel] = folded(p, weights, channel);
        mantissas[channel] = p->scales[2 * channel];
        shifts[channel] = (int8_t)p->scales[2 * channel + 1];
    }
    smelt_depthwise_conv_2d_s8(output, input, weights, &plain, shifts + channels);
}

SMELT_CODE_SECTION
int32_t smelt_depthwise_conv_2d_natural_scratch_s8(const struct smelt_window *window) {
    const int32_t taps = taps_of(window), blocks = fours(window->output_channels);
    return 4 * (2 * taps + blocks + blocks * (8 + taps));
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_natural_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                                        const parameters_t *parameters, void *scratch) {
    const int packed = parameters->fast && parameters->multiplier == 1 && parameters->window.input_channels >= 4;
    (packed ? run_packed : run_portable)(output, input, weights, parameters, scratch);
}
