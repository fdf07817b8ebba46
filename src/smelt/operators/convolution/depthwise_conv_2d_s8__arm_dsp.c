/* depthwise_conv_2d: four input channels at a time are transposed into lines of int16 values, 256 * x, pads included,
 * of as many rows as the kernel has; then each channel's line of outputs is summed and requantized. */
#include <string.h>

#include "convolution__arm_dsp.h"
#include "smelt_depthwise_s8__arm_dsp.h"
#include "smelt_simd__arm_dsp.h"

enum { LARGEST_GROUP = 4 };

typedef struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Where the words of lines are: `word` from one to the next, `row` and `channel` to the next row's and channel's. */
struct layout {
    int32_t word, row, channel;
};

/* Store a word of four channels' lines: their bytes at two neighbouring positions. */
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

/* Transpose a row of `row` into lines; NULL: a row of pads. */
static void transpose(uint32_t *to, const int8_t *row, const parameters_t *parameters, const struct layout *layout) {
    const struct smelt_depthwise_axis *const line = &parameters->line;
    const uint32_t pads = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    const int32_t group = parameters->channels < LARGEST_GROUP ? parameters->channels : LARGEST_GROUP;
    const int32_t step = line->input_step;
    for (int32_t j = 0, position = -line->pad; j < parameters->line_words; j++, position += 2) {
        uint32_t pair[2] = {pads, pads};
        if (row != 0 && group == LARGEST_GROUP && position >= 0 && position + 1 < line->inputs) {
            pair[0] = read_channels(row + position * step);
            pair[1] = read_channels(row + (position + 1) * step);
        } else if (row != 0) {
            for (int32_t k = 0; k < 2; k++) {
                if (position + k >= 0 && position + k < line->inputs) {
                    memcpy(&pair[k], row + (position + k) * step, (size_t)group);
                }
            }
        }
        store_pair(to, pair[0], pair[1], layout->channel);
        to += layout->word;
    }
}

/* Sums of a line of outputs for a kernel of any size. Weights become pairs of taps, E = (w0, w1), (w2, w3), ... for
 * outputs at even positions and O = (0, w0), (w1, w2), ... for odd ones, in turn. */
static void sum_line(int32_t *sums, const uint32_t *lines, const uint32_t *taps, uint32_t *pairs, int32_t start,
                     int32_t oldest, const parameters_t *parameters) {
    const int32_t stride = parameters->line.stride, rows = parameters->row.kernel;
    const int32_t words = parameters->line.kernel / 2 + 1;
    uint32_t *to = pairs;
    for (int32_t row = 0; row < rows; row++) {
        uint32_t previous = 0;
        for (int32_t j = 0; j < words; j++) {
            uint32_t pair = 0;
            if (2 * j < parameters->line.kernel) {
                pair = smelt_sxtb16(j % 2 ? *taps++ >> 8 : *taps);
            }
            *to++ = pair;
            *to++ = (previous >> 16) | (pair << 16);
            previous = pair;
        }
        taps += ((parameters->line.kernel + 1) / 2) % 2; /* a last word of which only half was used */
    }
    for (int32_t i = 0; i < parameters->line.outputs; i++) {
        const int32_t position = i * stride, row_words = parameters->line_words;
        const uint32_t *weights = pairs;
        int32_t even = start, odd = start, row = oldest;
        for (int32_t k = 0; k < rows; k++) {
            const uint32_t *x = lines + row * row_words + position / 2;
            if (stride == 1) {
                for (int32_t j = 0; j < words; j++) {
                    even = smelt_smlad(x[j], weights[0], even);
                    odd = smelt_smlad(x[j], weights[1], odd);
                    weights += 2;
                }
            } else {
                const uint32_t *w = weights + position % 2;
                for (int32_t j = 0; j < words; j++) {
                    even = smelt_smlad(x[j], w[2 * j], even);
                }
                weights += 2 * words;
            }
            row = row + 1 == rows ? 0 : row + 1;
        }
        sums[i] = even;
        if (stride == 1) {
            sums[++i] = odd;
        }
    }
}

static int8_t round_twice(int32_t sum, int32_t multiplier, int32_t divisor, int32_t zero_point) {
    int32_t r = smelt_smmulr(sum >> 7, multiplier);
    r += r >> 31;
    return (int8_t)smelt_ssat8(smelt_smmulr(r, divisor) + zero_point);
}

static void requantize(int8_t *output, const int32_t *sums, const uint32_t *record, const parameters_t *parameters) {
    const int32_t step = parameters->line.output_step, multiplier = (int32_t)record[1];
    int32_t count = parameters->line.outputs;
    if (parameters->signed_rounding) {
        const int32_t divisor = (int32_t)record[2], zero_point = parameters->zero_point;
        for (; count > 0; count--) {
            *output = round_twice(*sums++, multiplier, divisor, zero_point);
            output += step;
        }
        return;
    }
    for (; count >= 4; count -= 4) {
        const int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
        sums += 4;
        *output = (int8_t)smelt_ssat8_asr9(smelt_smmul(a, multiplier));
        output += step;
        *output = (int8_t)smelt_ssat8_asr9(smelt_smmul(b, multiplier));
        output += step;
        *output = (int8_t)smelt_ssat8_asr9(smelt_smmul(c, multiplier));
        output += step;
        *output = (int8_t)smelt_ssat8_asr9(smelt_smmul(d, multiplier));
        output += step;
    }
    for (; count > 0; count--) {
        *output = (int8_t)smelt_ssat8_asr9(smelt_smmul(*sums++, multiplier));
        output += step;
    }
}

/* A line of outputs of one channel; `oldest` is the row that meets the kernel's first. */
static void compute_line(int8_t *output, const uint32_t *lines, const uint32_t *record, int32_t oldest,
                         const parameters_t *parameters, int32_t *sums) {
    const int32_t count = parameters->line.outputs;
    const uint32_t *const taps = record + (parameters->signed_rounding ? 3 : 2);
    if (parameters->compact) {
        uint32_t start[4] = {record[0], 0, 0, 0};
        for (int32_t k = 0, row = oldest; k < 3; k++) {
            start[1 + row] = taps[k];
            row = row == 2 ? 0 : row + 1;
        }
        if (parameters->line.stride == 1) {
            smelt_depthwise_3x3_s8__arm_dsp(sums, lines, start, (count + 3) & ~3);
        } else {
            smelt_depthwise_3x3_stride_2_s8__arm_dsp(sums, lines, start, (count + 1) & ~1);
        }
    } else {
        uint32_t *const pairs = (uint32_t *)(sums + ((count + 3) & ~3));
        sum_line(sums, lines, taps, pairs, (int32_t)record[0], oldest, parameters);
    }
    requantize(output, sums, record, parameters);
}

/* All rows of the input channels from `first` on. */
static void compute_group(int8_t *output, const int8_t *input, int32_t first, const parameters_t *parameters,
                          uint32_t *scratch) {
    const struct smelt_depthwise_axis *const row = &parameters->row;
    const int32_t group = parameters->channels < LARGEST_GROUP ? parameters->channels : LARGEST_GROUP;
    const int32_t words = row->kernel * parameters->line_words;
    const struct layout layout = {parameters->compact ? row->kernel : 1, parameters->compact ? 1 : parameters->line_words,
                                  words};
    int32_t *const sums = (int32_t *)(scratch + LARGEST_GROUP * words);
    int32_t next = -row->pad, slot = 0;
    for (int32_t i = 0; i < row->outputs; i++) {
        while (next < i * row->stride - row->pad + row->kernel) {
            const int8_t *from = next >= 0 && next < row->inputs ? input + first + next * row->input_step : 0;
            transpose(scratch + slot * layout.row, from, parameters, &layout);
            slot = slot + 1 == row->kernel ? 0 : slot + 1;
            next++;
        }
        for (int32_t c = 0; c < group * parameters->multiplier; c++) {
            const int32_t channel = first * parameters->multiplier + c;
            compute_line(output + i * row->output_step + channel, scratch + c / parameters->multiplier * words,
                         parameters->records + channel * parameters->record_words, slot, parameters, sums);
        }
    }
}

void smelt_depthwise_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch) {
    const int32_t channels = parameters->channels;
    const int32_t inputs = parameters->line.inputs * parameters->row.inputs * channels;
    const int32_t outputs = parameters->line.outputs * parameters->row.outputs * channels * parameters->multiplier;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t first = 0; first < channels; first += LARGEST_GROUP) {
            /* The last group overlaps the one before where channels are not fours. */
            const int32_t last = channels < LARGEST_GROUP ? 0 : channels - LARGEST_GROUP;
            compute_group(output, input, first < last ? first : last, parameters, scratch);
        }
        if (parameters->low > -128 || parameters->high < 127) {
            smelt_clamp_s8__arm_dsp(output, outputs, parameters->low, parameters->high);
        }
        input += inputs;
        output += outputs;
    }
}
