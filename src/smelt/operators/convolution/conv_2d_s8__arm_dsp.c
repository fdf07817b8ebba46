/* conv_2d: the fields of two output pixels are expanded, then multiplied with all weights. A field that is not a run of
 * words in the input is gathered first. */
#include "convolution__arm_dsp.h"

#include <string.h>

typedef struct smelt_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Copy `run` bytes from each of `count` places, which are `offsets` away from `from`: in words where there are as many,
 * the last of which may overlap the one before. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
gather(int8_t *to, const int8_t *from, const int32_t *offsets, int32_t count, int32_t run) {
    const int32_t *const end = offsets + count;
    do {
        const int8_t *byte = from + *offsets++;
        if (run >= 4) {
            const int8_t *const last = byte + run - 4;
            int8_t *word = to;
            to += run;
            while (byte < last) {
                memcpy(word, byte, 4);
                word += 4;
                byte += 4;
            }
            memcpy(to - 4, last, 4);
        } else {
            for (int32_t i = run; i > 0; i--) {
                *to++ = *byte++;
            }
        }
    } while (offsets != end);
}

SMELT_CODE_SECTION
static int8_t *fill(int8_t *to, int32_t count, int8_t value) {
    for (; count > 0; count--) {
        *to++ = value;
        __asm volatile(""); /* else the compiler calls memset, which is larger than this */
    }
    return to;
}

/* Input row `row` between pads, or pads alone where the image has no such row. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
pad_row(int8_t *to, const int8_t *input, const parameters_t *parameters, int32_t row, int32_t ring) {
    const int32_t channels = parameters->input_channels, width = parameters->input_width * channels;
    const int32_t left = parameters->pad_left * channels;
    int32_t right = parameters->padded_width * channels - left;
    to = fill(to, left, parameters->pad);
    if (row >= 0 && row < parameters->input_height) {
        const int32_t offset = row % ring * width;
        gather(to, input, &offset, 1, width);
        to += width;
        right -= width;
    }
    fill(to, right, parameters->pad);
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
    const int32_t input_channels = parameters->input_channels;
    const int32_t reached = (parameters->kernel_height - 1) * parameters->dilation_height + 1;
    const int padded = parameters->padded_width > 0, direct = !padded && depth == input_channels;
    const int32_t row_bytes = (padded ? parameters->padded_width : parameters->input_width) * input_channels;
    uint32_t *const pairs = scratch;
    int32_t *const offsets = (int32_t *)(pairs + depth);
    const int together = parameters->dilation_width == 1;
    const int32_t runs = together ? 1 : parameters->kernel_width, run_count = parameters->kernel_height * runs;
    const int32_t run = together ? parameters->kernel_width * input_channels : input_channels;
    int8_t *const fields = (int8_t *)(offsets + run_count);
    int8_t *const rows = fields + 2 * depth;
    const int8_t *field[2];
    const int32_t start = first_row * parameters->stride_height - parameters->pad_top;
    int32_t top = start, ready = start;
    int slot = 0;
    int8_t *to = output;
    for (int32_t y = 0; y < row_count; y++) {
        const int8_t *column = padded ? rows : input;
        for (ready = ready < top ? top : ready; padded && ready < top + reached; ready++) {
            pad_row(rows + (ready - start) % reached * row_bytes, input, parameters, ready, input_ring_rows);
        }
        int32_t *next = offsets;
        for (int32_t row = top; row < top + reached; row += parameters->dilation_height) {
            int32_t offset = (padded ? (row - start) % reached : row % input_ring_rows) * row_bytes;
            for (int32_t k = 0; k < runs; k++) {
                *next++ = offset;
                offset += parameters->dilation_width * input_channels;
            }
        }
        for (int32_t x = 0; x < parameters->output_width; x++) {
            if (direct) {
                field[slot] = column + offsets[0];
            } else {
                field[slot] = fields + slot * depth;
                gather(fields + slot * depth, column, offsets, run_count, run);
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
