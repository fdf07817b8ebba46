/* depthwise_conv_2d of 3 x 3: four channels at a time are transposed into lines of int16 values, 256 * x, pads
 * included, of three input rows; then each channel's line of outputs is computed. */
#include "convolution__arm_dsp.h"
#include "smelt_depthwise_s8__arm_dsp.h"

enum { GROUP = 4, RECORD_WORDS = 5, WEIGHTS_AT = 8 };

typedef struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters parameters_t;

/* How rows are computed: in lines along one dimension, one after the other along the other one. */
struct walk {
    const struct smelt_depthwise_axis *line, *row;
    int32_t words;     /* of a line */
    int32_t ring_rows; /* input row r lies at (r modulo ring_rows) */
    int32_t pad;
};

/* Transpose one input row into every third word of the lines; NULL: a row of pads. */
SMELT_CODE_SECTION
static void transpose(uint32_t *to, const int8_t *row, const struct walk *walk) {
    const struct smelt_depthwise_axis *const line = walk->line;
    const uint32_t pad_word = (uint32_t)(uint8_t)walk->pad * 0x01010101u;
    const int8_t *const pads = (const int8_t *)&pad_word;
    const int32_t step = line->input_step, channel_words = 3 * walk->words;
    int32_t words = walk->words;
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

/* Output rows first_row .. first_row + count - 1 of four channels; `output` shows the first of them. */
SMELT_CODE_SECTION
static void compute_rows(int8_t *output, const int8_t *input, const uint32_t *records, const struct walk *walk,
                         uint32_t *lines, int32_t first_row, int32_t count) {
    const struct smelt_depthwise_axis *const row = walk->row;
    struct smelt_depthwise_line line = {walk->line->output_step, walk->line->outputs, {0, 0, 0}, 3 * walk->words};
    int32_t next = first_row * row->stride - row->pad, oldest = 0;
    for (int32_t i = first_row; i < first_row + count; i++) {
        for (; next < i * row->stride - row->pad + 3; next++) {
            const int inside = next >= 0 && next < row->inputs;
            transpose(lines + oldest, inside ? input + next % walk->ring_rows * row->input_step : 0, walk);
            oldest = oldest == 2 ? 0 : oldest + 1;
        }
        for (int32_t k = 0, slot = oldest; k < 3; k++) {
            line.weights[slot] = WEIGHTS_AT + 4 * k;
            slot = slot == 2 ? 0 : slot + 1;
        }
        if (walk->line->stride == 1) {
            smelt_depthwise_3x3_line_s8__arm_dsp(output, lines, records, &line);
        } else {
            smelt_depthwise_3x3_line_stride_2_s8__arm_dsp(output, lines, records, &line);
        }
        output += row->output_step;
    }
}

SMELT_CODE_SECTION
static void clamp(int8_t *output, int32_t count, const parameters_t *parameters) {
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, count, parameters->low, parameters->high);
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_3x3_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                             void *scratch) {
    const struct smelt_depthwise_axis *const line = &parameters->line, *const row = &parameters->row;
    const struct walk walk = {line, row, parameters->line_words, row->inputs, parameters->pad};
    const int32_t channels = parameters->channels, outputs = line->outputs * row->outputs * channels;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t c = 0; c < channels; c += GROUP) {
            /* The last four overlap those before where channels are not fours. */
            const int32_t first = c + GROUP <= channels ? c : channels - GROUP;
            compute_rows(output + first, input + first, parameters->records + first * RECORD_WORDS, &walk, scratch, 0,
                         row->outputs);
        }
        clamp(output, outputs, parameters);
        input += line->inputs * row->inputs * channels;
        output += outputs;
    }
}

/* The records of four channels for lines along the other dimension: rows and columns of weights change places. */
SMELT_CODE_SECTION
static void turn_records(uint32_t *turned, const uint32_t *records) {
    static const uint8_t taps[] = {0, 1, 3};
    for (int32_t c = 0; c < GROUP; c++) {
        turned[0] = records[0];
        turned[1] = records[1];
        for (int32_t k = 0; k < 3; k++) {
            const int32_t shift = 8 * taps[k];
            const uint32_t middle = records[3] >> shift & 0xFFu;
            turned[2 + k] =
                (records[2] >> shift & 0xFFu) | middle << 8 | middle << 16 | (records[4] >> shift & 0xFFu) << 24;
        }
        turned += RECORD_WORDS;
        records += RECORD_WORDS;
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_3x3_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                                  void *scratch, int32_t first_row, int32_t row_count,
                                                  int32_t input_ring_rows) {
    const int turn = parameters->along_height;
    const struct smelt_depthwise_axis *const line = turn ? &parameters->row : &parameters->line;
    const struct smelt_depthwise_axis *const row = turn ? &parameters->line : &parameters->row;
    const int32_t words = line->stride == 1 ? (line->outputs + 1) / 2 + 1 : line->outputs + 1;
    const struct walk walk = {line, row, words, input_ring_rows, parameters->pad};
    const int32_t channels = parameters->channels;
    uint32_t turned[GROUP * RECORD_WORDS];
    for (int32_t i = first_row; i < first_row + row_count; i++) {
        for (int32_t c = 0; c < channels; c += GROUP) {
            const int32_t first = c + GROUP <= channels ? c : channels - GROUP;
            const uint32_t *records = parameters->records + first * RECORD_WORDS;
            if (turn) {
                turn_records(turned, records);
                records = turned;
            }
            compute_rows(output + first, input + first, records, &walk, scratch, i, 1);
        }
        clamp(output, row->output_step, parameters);
        output += row->output_step;
    }
}
