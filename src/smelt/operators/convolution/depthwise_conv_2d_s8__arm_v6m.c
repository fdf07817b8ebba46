/* depthwise_conv_2d: channel by channel, lines of inputs become words once, in a ring of as many lines as the kernel
 * spans; each line of outputs is summed over them and requantized. */
#include "convolution__arm_v6m.h"
#include "smelt_depthwise_s8__arm_v6m.h"

typedef struct smelt_depthwise_conv_2d_s8__arm_v6m_parameters parameters_t;

/* What stays the same for all channels. */
struct work {
    const parameters_t *parameters;
    uint32_t *lines; /* of the rows that the kernel spans, then one of pads */
    int32_t *rows;   /* where in them a row is, row r at r modulo span; rows outside the image are the line of pads */
    struct smelt_depthwise_line__arm_v6m chunks;
    int32_t *sums;
    int32_t span;
};

/* The words of a line from `from` on, or of pads only where that is NULL. The inputs of each residue modulo the stride
 * follow each other, between pads; the first two of them fall on the margin. */
SMELT_CODE_SECTION
static void fill_line(uint32_t *line, const int8_t *from, const parameters_t *parameters) {
    const struct smelt_depthwise_axis__arm_v6m *const axis = &parameters->line;
    const int8_t pad = (int8_t)parameters->pad;
    const int32_t words_step = 2 * axis->stride;
    for (int32_t residue = 0; residue < axis->stride; residue++) {
        const int16_t *const counts = parameters->residues + 2 * residue;
        struct smelt_line_words__arm_v6m words = {line + 2 * residue, 4 * words_step, pad, pad};
        const uint32_t *const end = words.to + 2 * parameters->line_positions;
        if (from != 0) {
            const uint32_t *const begin = words.to + counts[0] * words_step;
            const int32_t first = counts[0] * axis->stride + residue - axis->pad;
            smelt_append_words__arm_v6m(&words, &pad, 0, begin);
            smelt_append_words__arm_v6m(&words, from + first * axis->input_step,
                                        axis->stride * axis->input_step, begin + counts[1] * words_step);
        }
        smelt_append_words__arm_v6m(&words, &pad, 0, end);
    }
}

/* Tell the chunks where the lines of their rows are, of which the first is in slot `slot`. Returns the first one's
 * words. */
SMELT_CODE_SECTION
static const uint32_t *find_lines(const struct work *work, int32_t slot) {
    const int32_t dilation = work->parameters->row.dilation, margin = 4 * work->parameters->line.stride;
    const int32_t row_chunks = work->parameters->row_chunks;
    struct smelt_chunk__arm_v6m *chunk = work->chunks.chunks;
    const uint32_t *const first = work->lines + work->rows[slot] + margin, *line = first;
    for (;;) {
        for (int32_t i = row_chunks; i > 1; i--) {
            chunk++->skip = 0;
        }
        line += 6 * row_chunks;
        slot += dilation;
        slot -= slot >= work->span ? work->span : 0;
        const uint32_t *const next = work->lines + work->rows[slot] + margin;
        chunk->skip = (int32_t)(next - line) * (int32_t)sizeof *line;
        line = next;
        if (++chunk == work->chunks.chunks_end) {
            return first;
        }
    }
}

/* All lines of a channel. Returns the end of its record. */
SMELT_CODE_SECTION
static const uint32_t *compute_channel(int8_t *output, const int8_t *input, const uint32_t *record,
                                       const struct work *work) {
    const parameters_t *const parameters = work->parameters;
    const struct smelt_depthwise_axis__arm_v6m *const row = &parameters->row, *const line = &parameters->line;
    const struct smelt_requantize_s8__arm_v6m how = {line->outputs, line->output_step, parameters->shift, 1, 0};
    const int32_t words = 2 * parameters->line_positions, span = work->span;
    const uint32_t *end = record;
    int32_t next = -row->pad, slot = 0, needed = span;
    for (int32_t y = row->outputs; y > 0; y--) {
        /* Slots are taken in turn; after `needed` rows `slot` is that of the oldest, the first row of the kernel. */
        for (; needed > 0; needed--) {
            work->rows[slot] = span * words;
            if (needed <= span && next >= 0 && next < row->inputs) {
                work->rows[slot] = slot * words;
                fill_line(work->lines + slot * words, input + next * row->input_step, parameters);
            }
            next++;
            slot = slot + 1 < span ? slot + 1 : 0;
        }
        needed = row->stride;
        smelt_depthwise_line_s8__arm_v6m(work->sums, find_lines(work, slot), &work->chunks);
        end = smelt_requantize_s8__arm_v6m(output, record, work->sums, &how);
        output += row->output_step;
    }
    return end;
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s8__arm_v6m(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch) {
    const struct smelt_depthwise_axis__arm_v6m *const row = &parameters->row;
    const int32_t span = (row->kernel - 1) * row->dilation + 1, count = row->kernel * parameters->row_chunks;
    const int32_t outputs = parameters->channels * parameters->multiplier;
    uint32_t *const lines = scratch, *const pads = lines + span * 2 * parameters->line_positions;
    struct smelt_chunk__arm_v6m *const chunks = (void *)(pads + 2 * parameters->line_positions);
    int32_t *const sums = (int32_t *)(chunks + count), *const sums_end = sums + parameters->line_sums;
    const struct work work = {parameters,
                              lines,
                              sums_end,
                              {chunks, chunks + count, sums_end, 24 * parameters->line.stride},
                              sums,
                              span};
    fill_line(pads, 0, parameters);
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const int8_t *weights = parameters->weights;
        const uint32_t *record = parameters->records;
        int32_t left = parameters->multiplier;
        for (int32_t c = 0; c < outputs; c++) {
            for (int32_t i = 0; i < count; i++) {
                for (int32_t k = 0; k < 3; k++) {
                    chunks[i].weights[k] = *weights++;
                }
            }
            record = compute_channel(output + c, input, record, &work);
            if (--left == 0) {
                left = parameters->multiplier;
                input++;
            }
        }
        input += parameters->image_bytes - parameters->channels;
        output += parameters->line.outputs * row->outputs * outputs;
    }
}
