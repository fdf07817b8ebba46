/* conv_2d: the fields of two output pixels are expanded, then multiplied with all weights. Where a field reaches over an
 * edge, the rows under it are kept between pads. */
#include "convolution__arm_dsp.h"

#include <stddef.h>
#include <string.h>

#include "smelt_expand_fields_s8__arm_dsp.h"

typedef struct smelt_conv_2d_s8__arm_dsp_parameters parameters_t;

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
        const int8_t *from = input + row % ring * width;
        int32_t count = width;
        for (; count >= 4; count -= 4) {
            memcpy(to, from, 4);
            to += 4;
            from += 4;
        }
        smelt_copy_few_s8(to, from, count);
        to += count;
        right -= width;
    }
    fill(to, right, parameters->pad);
}

/* What fields consist of: rows of the kernel or, where these are dilated, taps. */
SMELT_CODE_SECTION
static inline void find_runs(struct smelt_fields_s8 *fields, const parameters_t *parameters) {
    int32_t count = parameters->kernel_height, values = parameters->input_channels;
    if (parameters->dilation_width == 1) {
        values *= parameters->kernel_width;
    } else {
        count *= parameters->kernel_width;
    }
    fields->count = count;
    fields->words = values / 4;
    fields->rest = values % 4;
    fields->rest_words = (count * (values % 4) + 3) / 4;
}

SMELT_CODE_SECTION
void smelt_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const int32_t depth = parameters->gemm.depth, channels = parameters->gemm.channels;
    const int32_t input_channels = parameters->input_channels, tap_step = parameters->dilation_width * input_channels;
    const int32_t reach = (parameters->kernel_height - 1) * parameters->dilation_height + 1;
    const int padded = parameters->padded_width > 0, direct = !padded && depth == input_channels;
    const int32_t row_bytes = (padded ? parameters->padded_width : parameters->input_width) * input_channels;
    /* Two pixels may lie in two rows. */
    const int32_t kept = padded ? reach + parameters->output_width % 2 * parameters->stride_height : input_ring_rows;
    const int32_t start = first_row * parameters->stride_height - parameters->pad_top;
    const int32_t origin = padded ? start : 0;
    uint32_t *const pairs = scratch;
    int32_t *offsets = (int32_t *)(pairs + depth), *other_offsets;
    int32_t top = start, ready = start, left = row_count * parameters->output_width;
    struct smelt_fields_s8 fields;
    int8_t *rows, *to = output;
    int slot = 0;
    find_runs(&fields, parameters);
    other_offsets = offsets + fields.count;
    fields.rests[0] = (int8_t *)(other_offsets + fields.count);
    fields.rests[1] = fields.rests[0] + 4 * fields.rest_words;
    rows = fields.rests[1] + 4 * fields.rest_words;
    while (left > 0) {
        const int8_t *column = padded ? rows : input;
        int32_t *const row_offsets = other_offsets, *offset = row_offsets;
        other_offsets = offsets;
        offsets = row_offsets;
        for (ready = ready < top ? top : ready; padded && ready < top + reach; ready++) {
            pad_row(rows + (ready - start) % kept * row_bytes, input, parameters, ready, input_ring_rows);
        }
        for (int32_t row = top - origin; row < top - origin + reach; row += parameters->dilation_height) {
            int32_t tap = row % kept * row_bytes;
            for (int32_t k = fields.count; k > 0; k -= parameters->kernel_height) {
                *offset++ = tap;
                tap += tap_step;
            }
        }
        for (int32_t x = parameters->output_width; x > 0; x--) {
            fields.columns[slot] = column;
            fields.offsets[slot] = row_offsets;
            column += parameters->stride_width * input_channels;
            left--;
            if (slot == 0 && left > 0) {
                slot = 1;
                continue;
            }
            /* An odd last pixel is computed twice, into the same place. */
            if (direct) {
                smelt_expand_two_s8__arm_dsp(pairs, fields.columns[0] + *fields.offsets[0],
                                             fields.columns[slot] + *fields.offsets[slot], depth);
            } else {
                if (slot == 0) {
                    fields.columns[1] = fields.columns[0];
                    fields.offsets[1] = fields.offsets[0];
                }
                smelt_expand_fields_s8__arm_dsp(pairs, &fields);
            }
            smelt_gemm_two_s8__arm_dsp(to, pairs, slot * channels, &parameters->gemm);
            to += (slot + 1) * channels;
            slot = 0;
        }
        top += parameters->stride_height;
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
