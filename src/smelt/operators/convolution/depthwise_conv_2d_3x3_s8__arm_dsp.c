/* depthwise_conv_2d of 3 x 3: four channels at a time are transposed into lines of int16 values, pads included, of
 * three input rows; then each channel's line of outputs is computed. */
#include "convolution__arm_dsp.h"
#include "smelt_depthwise_s8__arm_dsp.h"

enum { GROUP = 4, TAPS = 9 };

typedef struct smelt_depthwise_conv_2d_3x3_s8__arm_dsp_parameters parameters_t;

/* How rows are computed: in lines along one dimension, one after the other along the other one. */
struct walk {
    const struct smelt_depthwise_axis *row;
    struct smelt_depthwise_row transposition;
    int32_t first_word;   /* of a line, that has an input; those before and behind keep their pads */
    int32_t words;        /* of a line */
    int32_t tap_row_step; /* bytes from a row of taps to the next */
    int32_t ring_rows;    /* input row r lies at (r modulo ring_rows) */
};

/* Fill words of a row of lines with pads. */
SMELT_CODE_SECTION
static void __attribute__((noinline)) fill(uint32_t *to, const struct walk *walk, int32_t words) {
    const uint32_t pads = walk->transposition.pads & 0xFF00FF00u;
    const uint32_t *const end = to + words * SMELT_LINE_WORDS;
    for (; to < end; to += SMELT_LINE_WORDS) {
        to[0] = pads;
        to[1] = pads;
        to[2] = pads;
        to[3] = pads;
    }
}

/* Set up for lines along `along` and rows along `row`; words that never have an input become pads. */
SMELT_CODE_SECTION
static void begin(struct walk *walk, struct smelt_depthwise_line *line, const struct smelt_depthwise_axis *along,
                  const struct smelt_depthwise_axis *row, const parameters_t *parameters, uint32_t *lines) {
    const int32_t outputs = along->outputs, head = along->pad % 2, inputs = along->inputs - head;
    const int along_height = row == &parameters->row ? parameters->along_height : !parameters->along_height;
    const int32_t twice = along->stride == 2;
    int32_t pairs = inputs / 2, left;
    walk->row = row;
    walk->first_word = along->pad / 2 * SMELT_LINE_WORDS;
    walk->words = (twice ? outputs : (outputs + 1) / 2) + 1;
    walk->tap_row_step = along_height ? 1 : 3;
    left = walk->words - along->pad / 2 - head;
    pairs = pairs < left ? pairs : left;
    walk->transposition.step = along->input_step;
    walk->transposition.pads = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    walk->transposition.head = head;
    walk->transposition.extent = SMELT_LINE_BYTES * pairs;
    walk->transposition.tail = pairs < left && inputs % 2 != 0;
    left -= pairs + walk->transposition.tail;
    line->lines = lines;
    line->tap_step = along_height ? 3 : 1;
    line->multipliers = 4 * parameters->channels;
    line->output_step = along->output_step;
    line->extent = twice ? SMELT_LINE_BYTES * outputs + SMELT_LINE_STRIDE_2
                         : outputs / 2 * SMELT_LINE_BYTES + (outputs % 2 ? SMELT_LINE_ODD : 0);
    for (int32_t k = 0; k < 3; k++) {
        fill(lines + GROUP * k, walk, along->pad / 2);
        fill(lines + GROUP * k + (walk->words - left) * SMELT_LINE_WORDS, walk, left);
    }
}

/* Output rows first_row .. first_row + count - 1 of the four channels from `c` on, or those that are left of them;
 * `output` shows the first row. */
SMELT_CODE_SECTION
static void compute_rows(int8_t *output, const int8_t *input, int32_t c, const parameters_t *parameters,
                         const struct walk *walk, struct smelt_depthwise_line *line, uint32_t *lines,
                         int32_t first_row, int32_t count) {
    const struct smelt_depthwise_axis *const row = walk->row;
    const int32_t channels = parameters->channels, first = c + GROUP <= channels ? c : channels - GROUP;
    const int8_t *const taps = (const int8_t *)(parameters->records + 2 * channels) + TAPS * first;
    int32_t next = first_row * row->stride - row->pad, oldest = 0;
    line->output = output + first;
    line->starts = parameters->records + first;
    line->channel = c - first;
    for (int32_t end = next + 3; count > 0; count--, end += row->stride) {
        for (; next < end; next++) {
            uint32_t *const to = lines + GROUP * oldest;
            if (next >= 0 && next < row->inputs) {
                const int32_t place = next < walk->ring_rows ? next : next % walk->ring_rows;
                smelt_depthwise_transpose_s8__arm_dsp(to + walk->first_word, input + first + place * row->input_step,
                                                      &walk->transposition);
            } else {
                fill(to, walk, walk->words);
            }
            oldest = oldest == 2 ? 0 : oldest + 1;
        }
        const int32_t middle = oldest == 2 ? 0 : oldest + 1;
        line->taps[oldest] = taps;
        line->taps[middle] = taps + walk->tap_row_step;
        line->taps[3 - oldest - middle] = taps + 2 * walk->tap_row_step;
        smelt_depthwise_3x3_line_s8__arm_dsp(line);
        line->output += row->output_step;
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
    const struct smelt_depthwise_axis *const row = &parameters->row;
    const int32_t channels = parameters->channels, outputs = parameters->line.outputs * row->outputs * channels;
    struct walk walk;
    struct smelt_depthwise_line line;
    begin(&walk, &line, &parameters->line, row, parameters, scratch);
    walk.ring_rows = row->inputs;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        for (int32_t c = 0; c < channels; c += GROUP) {
            compute_rows(output, input, c, parameters, &walk, &line, scratch, 0, row->outputs);
        }
        clamp(output, outputs, parameters);
        input += parameters->line.inputs * row->inputs * channels;
        output += outputs;
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_3x3_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                                  void *scratch, int32_t first_row, int32_t row_count,
                                                  int32_t input_ring_rows) {
    const int turned = parameters->along_height;
    const struct smelt_depthwise_axis *const along = turned ? &parameters->row : &parameters->line;
    const struct smelt_depthwise_axis *const row = turned ? &parameters->line : &parameters->row;
    const int32_t channels = parameters->channels;
    struct walk walk;
    struct smelt_depthwise_line line;
    begin(&walk, &line, along, row, parameters, scratch);
    walk.ring_rows = input_ring_rows;
    for (const int32_t end = first_row + row_count; first_row < end; first_row++) {
        for (int32_t c = 0; c < channels; c += GROUP) {
            compute_rows(output, input, c, parameters, &walk, &line, scratch, first_row, 1);
        }
        clamp(output, row->output_step, parameters);
        output += row->output_step;
    }
}
