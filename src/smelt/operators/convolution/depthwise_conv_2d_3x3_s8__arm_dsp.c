/* depthwise_conv_2d of 3 x 3: four channels at a time are transposed into lines of int16 values, 256 * x, pads
 * included, of three input rows; then each channel's line of outputs is summed and requantized. */
#include "smelt_depthwise_s8__arm_dsp.h"
#include "convolution__arm_dsp.h"
#include "smelt_simd__arm_dsp.h"

typedef struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters parameters_t;

/* The words of two neighbouring positions in four channels' lines. */
static void store_pair(uint32_t *to, uint32_t first, uint32_t second, int32_t step) {
    const uint32_t low = (first & 0xFFFFu) | (second << 16), high = (first >> 16) | (second & 0xFFFF0000u);
    to[0] = (low << 8) & 0xFF00FF00u;
    to[step] = low & 0xFF00FF00u;
    to[2 * step] = (high << 8) & 0xFF00FF00u;
    to[3 * step] = high & 0xFF00FF00u;
}

static uint32_t read_channels(const int8_t *from) {
    uint32_t bytes;
    memcpy(&bytes, from, 4);
    return bytes;
}

/* Transpose one input row into every third word of the lines; NULL: a row of pads. */
static void transpose(uint32_t *to, const int8_t *row, const parameters_t *parameters) {
    const struct smelt_depthwise_axis *const line = &parameters->line;
    const uint32_t pads = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    const int32_t step = line->input_step, channel_words = 3 * parameters->line_words;
    uint32_t *const end = to + channel_words;
    int32_t left = row != 0 ? line->inputs : 0;
    for (int32_t i = line->pad; i > 1; i -= 2) {
        store_pair(to, pads, pads, channel_words);
        to += 3;
    }
    if (line->pad % 2 != 0 && left > 0) {
        store_pair(to, pads, read_channels(row), channel_words);
        to += 3;
        row += step;
        left--;
    }
    for (; left >= 2; left -= 2) {
        const uint32_t first = read_channels(row), second = read_channels(row + step);
        store_pair(to, first, second, channel_words);
        to += 3;
        row += 2 * step;
    }
    if (left > 0) {
        store_pair(to, read_channels(row), pads, channel_words);
        to += 3;
    }
    for (; to < end; to += 3) {
        store_pair(to, pads, pads, channel_words);
    }
}

static void requantize(int8_t *output, const int32_t *sums, const uint32_t *record, const parameters_t *parameters) {
    const int32_t step = parameters->line.output_step, multiplier = (int32_t)record[4];
    int32_t count = parameters->line.outputs;
    if (parameters->signed_rounding) {
        const int32_t divisor = (int32_t)record[5], zero_point = parameters->zero_point;
        for (; count > 0; count--) {
            *output = smelt_round_twice(*sums++, multiplier, divisor, zero_point);
            output += step;
        }
        return;
    }
    for (; count >= 4; count -= 4) {
        const int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
        sums += 4;
        *output = smelt_round_once(a, multiplier);
        output += step;
        *output = smelt_round_once(b, multiplier);
        output += step;
        *output = smelt_round_once(c, multiplier);
        output += step;
        *output = smelt_round_once(d, multiplier);
        output += step;
    }
    for (; count > 0; count--) {
        *output = smelt_round_once(*sums++, multiplier);
        output += step;
    }
}

/* All rows of the four channels from `first` on. */
static void compute_group(int8_t *output, const int8_t *input, int32_t first, const parameters_t *parameters,
                          uint32_t *lines) {
    const struct smelt_depthwise_axis *const row = &parameters->row, *const line = &parameters->line;
    const int32_t channel_words = 3 * parameters->line_words, record_words = parameters->signed_rounding ? 6 : 5;
    int32_t *const sums = (int32_t *)(lines + 4 * channel_words);
    int32_t next = -row->pad, oldest = 0;
    for (int32_t i = 0; i < row->outputs; i++) {
        const uint32_t *record = parameters->records + first * record_words;
        for (; next < i * row->stride - row->pad + 3; next++) {
            const int inside = next >= 0 && next < row->inputs;
            transpose(lines + oldest, inside ? input + first + next * row->input_step : 0, parameters);
            oldest = oldest == 2 ? 0 : oldest + 1;
        }
        for (int32_t c = 0; c < 4; c++) {
            /* The row in slot `oldest` meets the first row of weights. */
            uint32_t start[4] = {record[0], record[1], record[2], record[3]};
            start[1 + oldest] = record[1];
            start[1 + (oldest == 2 ? 0 : oldest + 1)] = record[2];
            start[1 + (oldest == 0 ? 2 : oldest - 1)] = record[3];
            if (line->stride == 1) {
                smelt_depthwise_3x3_s8__arm_dsp(sums, lines + c * channel_words, start, (line->outputs + 3) & ~3);
            } else {
                smelt_depthwise_3x3_stride_2_s8__arm_dsp(sums, lines + c * channel_words, start,
                                                         (line->outputs + 1) & ~1);
            }
            requantize(output + i * row->output_step + first + c, sums, record, parameters);
            record += record_words;
        }
    }
}

void smelt_depthwise_conv_2d_3x3_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                           void *scratch) {
    const int32_t channels = parameters->channels;
    const int32_t outputs = parameters->line.outputs * parameters->row.outputs * channels;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t first = 0; first < channels; first += 4) {
            /* The last four overlap those before where channels are not fours. */
            compute_group(output, input, first + 4 <= channels ? first : channels - 4, parameters, scratch);
        }
        if (parameters->low > -128 || parameters->high < 127) {
            smelt_clamp_s8__arm_dsp(output, outputs, parameters->low, parameters->high);
        }
        input += parameters->line.inputs * parameters->row.inputs * channels;
        output += outputs;
    }
}
