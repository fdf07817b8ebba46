/* depthwise_conv_2d over lines of pairs: the input rows of a block of output rows are transposed for four channels, then
 * the lines of each channel are computed. */
#include "depthwise_lines__arm_dsp.h"

#include <stddef.h>
#include <string.h>

#include "smelt_gemm_s8__arm_dsp.h"

typedef struct smelt_depthwise_lines_s8__arm_dsp_parameters parameters_t;
typedef void compute_t(const struct smelt_depthwise_lines *lines);

/* A call: the output rows to compute from a ring of input rows, and where things are in scratch. */
struct walk {
    const parameters_t *parameters;
    compute_t *compute;
    int32_t first_row, row_count, ring_rows;
    const int8_t *pads;
    uint32_t *words; /* of the input rows of a block */
    struct smelt_depthwise_lines lines;
};

/* The lines of `rows` output rows. */
SMELT_CODE_SECTION
static void compute_block(int8_t *output, struct walk *walk, int32_t rows) {
    const parameters_t *const parameters = walk->parameters;
    struct smelt_depthwise_lines *const lines = &walk->lines;
    lines->output = output;
    lines->outputs = parameters->outputs;
    lines->count = rows * parameters->lines;
    walk->compute(lines);
    if (parameters->shorter_lines != 0) {
        const uint32_t *const first = lines->lines;
        lines->output += parameters->lines * parameters->shape.output_line_step;
        lines->lines += parameters->lines * parameters->shape.line_step / 4;
        lines->outputs--;
        lines->count = parameters->shorter_lines;
        walk->compute(lines);
        lines->lines = first;
    }
}

/* All rows of up to four channels, block by block. `output` shows the first row, `input` the first channel of a word. */
SMELT_CODE_SECTION
static void compute_rows(int8_t *output, const int8_t *input, struct walk *walk) {
    const parameters_t *const parameters = walk->parameters;
    const int32_t row_words = SMELT_LINE_CHANNELS * parameters->inputs.planes * parameters->inputs.plane_words;
    const int32_t stride = parameters->row_stride;
    int32_t row = walk->first_row * stride - parameters->row_pad;
    int32_t kept = 0; /* input rows of the block before */
    for (int32_t left = walk->row_count; left > 0;) {
        const int32_t rows = left < parameters->block_rows ? left : parameters->block_rows;
        const int32_t count = rows * stride + parameters->overlap;
        for (int32_t k = kept; k < count; k++) {
            const int32_t r = row + k;
            const int inside = r >= 0 && r < parameters->input_rows;
            const int32_t place = r < walk->ring_rows ? r : r % walk->ring_rows;
            smelt_depthwise_transpose_words_s8__arm_dsp(walk->words + k * row_words,
                                                        inside ? input + place * parameters->input_row_step : NULL,
                                                        walk->pads, &parameters->inputs);
        }
        compute_block(output, walk, rows);
        output += rows * parameters->output_row_step;
        row += rows * stride;
        left -= rows;
        if (left > 0 && parameters->overlap > 0) {
            kept = parameters->overlap;
            memmove(walk->words, walk->words + rows * stride * row_words, (size_t)(4 * kept * row_words));
        }
    }
}

/* Output rows of all channels, four at a time; the last four overlap those before where channels are not fours. */
SMELT_CODE_SECTION
static void compute_channels(int8_t *output, const int8_t *input, struct walk *walk, uint32_t *scratch) {
    static const int8_t zeros[SMELT_LINE_CHANNELS];
    const parameters_t *const parameters = walk->parameters;
    const int32_t channels = parameters->channels;
    uint32_t *const weights = scratch + 1;
    const int8_t *taps = parameters->taps;
    const uint32_t *starts = parameters->scales;
    *scratch = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    walk->pads = (const int8_t *)scratch;
    walk->words = weights + SMELT_LINE_CHANNELS * parameters->weights.planes * parameters->weights.plane_words;
    walk->lines.shape = &parameters->shape;
    for (int32_t k = 0; k < parameters->multiplier; k++) {
        for (int32_t c = 0; c < channels; c += SMELT_LINE_CHANNELS) {
            const int32_t left = channels - c < SMELT_LINE_CHANNELS ? channels - c : SMELT_LINE_CHANNELS;
            const int32_t first = channels < SMELT_LINE_CHANNELS ? 0 : c + left - SMELT_LINE_CHANNELS;
            if (parameters->weights.planes == 0) {
                walk->lines.weights = taps + c * parameters->shape.weight_step;
            } else {
                smelt_depthwise_transpose_words_s8__arm_dsp(weights, taps + first, zeros, &parameters->weights);
                walk->lines.weights = weights + (c - first);
            }
            walk->lines.lines = walk->words + (c - first);
            walk->lines.starts = starts + c;
            walk->lines.channels = left;
            compute_rows(output + c * parameters->multiplier + k, input + first, walk);
        }
        taps += parameters->taps_bytes;
        starts += 2 * channels;
    }
}

SMELT_CODE_SECTION
static void compute_images(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch,
                           compute_t *compute) {
    struct walk walk;
    walk.parameters = parameters;
    walk.compute = compute;
    walk.first_row = 0;
    walk.row_count = parameters->output_rows;
    walk.ring_rows = parameters->input_rows;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        compute_channels(output, input, &walk, scratch);
        smelt_clamp_s8__arm_dsp(output, parameters->output_bytes, parameters->low, parameters->high);
        input += parameters->input_bytes;
        output += parameters->output_bytes;
    }
}

SMELT_CODE_SECTION
static void compute_some_rows(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch,
                              int32_t first_row, int32_t row_count, int32_t input_ring_rows, compute_t *compute) {
    struct walk walk;
    walk.parameters = parameters;
    walk.compute = compute;
    walk.first_row = first_row;
    walk.row_count = row_count;
    walk.ring_rows = input_ring_rows;
    compute_channels(output, input, &walk, scratch);
    smelt_clamp_s8__arm_dsp(output, row_count * parameters->output_row_step, parameters->low, parameters->high);
}

/* One function for whole images and one for rows, for each way to compute lines. */
#define SMELT_DEPTHWISE(way)                                                                                           \
    SMELT_CODE_SECTION                                                                                                 \
    void smelt_depthwise_conv_2d_##way##_s8__arm_dsp(int8_t *output, const int8_t *input,                              \
                                                     const parameters_t *parameters, void *scratch) {                  \
        compute_images(output, input, parameters, scratch, smelt_depthwise_##way##_s8__arm_dsp);                       \
    }                                                                                                                  \
    SMELT_CODE_SECTION                                                                                                 \
    void smelt_depthwise_conv_2d_##way##_rows_s8__arm_dsp(int8_t *output, const int8_t *input,                         \
                                                          const parameters_t *parameters, void *scratch,               \
                                                          int32_t first_row, int32_t row_count,                        \
                                                          int32_t input_ring_rows) {                                   \
        compute_some_rows(output, input, parameters, scratch, first_row, row_count, input_ring_rows,                   \
                          smelt_depthwise_##way##_s8__arm_dsp);                                                        \
    }

SMELT_DEPTHWISE(row)
SMELT_DEPTHWISE(fours)
SMELT_DEPTHWISE(taps)
