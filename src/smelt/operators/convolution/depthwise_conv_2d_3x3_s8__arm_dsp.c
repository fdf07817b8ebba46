/* depthwise_conv_2d of 3 x 3: four channels at a time are transposed into lines of int16 values, 256 * x, pads
 * included, of three input rows; then each channel's line of outputs is computed. */
#include "convolution__arm_dsp.h"
#include "smelt_depthwise_s8__arm_dsp.h"

enum { RECORD_WORDS = 5, WEIGHTS_AT = 8 };

typedef struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters parameters_t;

/* Transpose one input row into every third word of the lines; NULL: a row of pads. */
SMELT_CODE_SECTION
static void transpose(uint32_t *to, const int8_t *row, const parameters_t *parameters) {
    const struct smelt_depthwise_axis *const line = &parameters->line;
    const uint32_t pad_word = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    const int8_t *const pads = (const int8_t *)&pad_word;
    const int32_t step = line->input_step, channel_words = 3 * parameters->line_words;
    int32_t words = parameters->line_words;
    if (row != 0) {
        const int32_t odd = line->pad % 2, before = line->pad / 2;
        int32_t pairs = (line->inputs - odd) / 2;
        smelt_transpose_pairs_s8__arm_dsp(to, pads, pads, 0, before, channel_words);
        to += 3 * before;
        words -= before;
        if (odd) {
            smelt_transpose_pairs_s8__arm_dsp(to, pads, row, 0, 1, channel_words);
            row += step;
            to += 3;
            words--;
        }
        pairs = pairs < words ? pairs : words;
        smelt_transpose_pairs_s8__arm_dsp(to, row, row + step, 2 * step, pairs, channel_words);
        to += 3 * pairs;
        words -= pairs;
        if (words > 0 && (line->inputs - odd) % 2 != 0) {
            smelt_transpose_pairs_s8__arm_dsp(to, row + 2 * pairs * step, pads, 0, 1, channel_words);
            to += 3;
            words--;
        }
    }
    smelt_transpose_pairs_s8__arm_dsp(to, pads, pads, 0, words, channel_words);
}

/* All rows of the four channels from `first` on. */
SMELT_CODE_SECTION
static void compute_group(int8_t *output, const int8_t *input, int32_t first, const parameters_t *parameters,
                          uint32_t *lines) {
    const struct smelt_depthwise_axis *const row = &parameters->row;
    const int32_t channel_words = 3 * parameters->line_words;
    struct smelt_depthwise_line line = {parameters->line.output_step, parameters->line.outputs, {0, 0, 0}, channel_words};
    const uint32_t *const records = parameters->records + first * RECORD_WORDS;
    int32_t next = -row->pad, oldest = 0;
    output += first;
    for (int32_t i = 0; i < row->outputs; i++) {
        for (; next < i * row->stride - row->pad + 3; next++) {
            const int inside = next >= 0 && next < row->inputs;
            transpose(lines + oldest, inside ? input + first + next * row->input_step : 0, parameters);
            oldest = oldest == 2 ? 0 : oldest + 1;
        }
        for (int32_t k = 0, slot = oldest; k < 3; k++) {
            line.weights[slot] = WEIGHTS_AT + 4 * k;
            slot = slot == 2 ? 0 : slot + 1;
        }
        if (parameters->line.stride == 1) {
            smelt_depthwise_3x3_line_s8__arm_dsp(output, lines, records, &line);
        } else {
            smelt_depthwise_3x3_line_stride_2_s8__arm_dsp(output, lines, records, &line);
        }
        output += row->output_step;
    }
}

SMELT_CODE_SECTION
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
