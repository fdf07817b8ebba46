/* conv_2d: the fields of two output pixels are expanded, then multiplied with all weights. A field that is not a run of
 * words in the input is gathered first. */
#include "convolution__arm_dsp.h"

#include <string.h>

typedef struct smelt_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Copy bytes, words first. */
SMELT_CODE_SECTION
static int8_t *copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 4; count -= 4) {
        memcpy(to, from, 4);
        to += 4;
        from += 4;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

SMELT_CODE_SECTION
static int32_t reach(const parameters_t *parameters) {
    return (parameters->kernel_height - 1) * parameters->dilation_height + 1;
}

/* Input row `row` between pads, or pads alone where the image has no such row. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
pad_row(int8_t *to, const int8_t *input, const parameters_t *parameters, int32_t row, int32_t ring) {
    const int32_t channels = parameters->input_channels, bytes = parameters->input_width * channels;
    for (int32_t i = 0; i < parameters->padded_width * channels; i++) {
        to[i] = parameters->pad;
    }
    if (row >= 0 && row < parameters->input_height) {
        copy(to + parameters->pad_left * channels, input + row % ring * bytes, bytes);
    }
}

/* The field whose first row's first tap is at `column`, and whose rows are `offsets` apart from there. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
gather(int8_t *field, const int8_t *column, const int32_t *offsets, const parameters_t *parameters) {
    const int32_t channels = parameters->input_channels, step = parameters->dilation_width * channels;
    const int together = parameters->dilation_width == 1;
    const int32_t runs = together ? 1 : parameters->kernel_width;
    const int32_t run = together ? parameters->kernel_width * channels : channels;
    for (int32_t y = 0; y < parameters->kernel_height; y++) {
        const int8_t *from = column + offsets[y];
        for (int32_t x = 0; x < runs; x++) {
            field = copy(field, from, run);
            from += step;
        }
    }
}

SMELT_CODE_SECTION
static void compute(int8_t *output, int32_t step, uint32_t *pairs, const int8_t *first, const int8_t *second,
                    const parameters_t *parameters) {
    smelt_expand_two_s8__arm_dsp(pairs, first, second, parameters->gemm.depth);
    smelt_gemm_two_s8__arm_dsp(output, step, pairs, &parameters->gemm);
}

SMELT_CODE_SECTION
void smelt_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const int32_t depth = parameters->gemm.depth, channels = parameters->gemm.channels;
    const int32_t input_channels = parameters->input_channels, reached = reach(parameters);
    const int padded = parameters->padded_width > 0, direct = !padded && depth == input_channels;
    const int32_t row_bytes = (padded ? parameters->padded_width : parameters->input_width) * input_channels;
    uint32_t *const pairs = scratch;
    int32_t *const offsets = (int32_t *)(pairs + depth);
    int8_t *const fields = (int8_t *)(offsets + parameters->kernel_height);
    int8_t *const rows = fields + 2 * depth;
    const int8_t *field[2];
    const int32_t start = first_row * parameters->stride_height - parameters->pad_top;
    int32_t top = start, ready = start;
    int slot = 0;
    int8_t *to = output;
    for (int32_t y = 0; y < row_count; y++) {
        const int8_t *column = padded ? rows : input;
        for (; padded && ready < top + reached; ready++) {
            pad_row(rows + (ready - start) % reached * row_bytes, input, parameters, ready, input_ring_rows);
        }
        for (int32_t k = 0; k < parameters->kernel_height; k++) {
            const int32_t row = top + k * parameters->dilation_height;
            offsets[k] = (padded ? (row - start) % reached : row % input_ring_rows) * row_bytes;
        }
        for (int32_t x = 0; x < parameters->output_width; x++) {
            if (direct) {
                field[slot] = column + offsets[0];
            } else {
                field[slot] = fields + slot * depth;
                gather(fields + slot * depth, column, offsets, parameters);
            }
            column += parameters->stride_width * input_channels;
            if (slot == 1) {
                compute(to, channels, pairs, field[0], field[1], parameters);
                to += 2 * channels;
            }
            slot ^= 1;
        }
        top += parameters->stride_height;
    }
    if (slot == 1) {
        /* An odd last pixel is computed twice, into the same place. */
        compute(to, 0, pairs, field[0], field[0], parameters);
        to += channels;
    }
    smelt_clamp_s8__arm_dsp(output, (int32_t)(to - output), parameters->gemm.low, parameters->gemm.high);
}

SMELT_CODE_SECTION
void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_conv_2d_rows_s8__arm_dsp(output, input, parameters, scratch, 0, parameters->output_height,
                                       parameters->input_height);
        input += parameters->input_height * parameters->input_width * parameters->input_channels;
        output += parameters->output_height * parameters->output_width * parameters->gemm.channels;
    }
}
