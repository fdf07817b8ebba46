/* conv_2d: the fields of two output pixels are expanded, then multiplied with all weights. Where a field reaches over an
 * edge, the rows under it are kept between pads. */
#include "convolution__arm_dsp.h"

#include <stddef.h>
#include <string.h>

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
        for (; count >= 16; count -= 16) {
            memcpy(to, from, 16);
            to += 16;
            from += 16;
        }
        smelt_copy_few_s8(to, from, count);
        to += count;
        right -= width;
    }
    fill(to, right, parameters->pad);
}

/* List where the runs of a field lie, from its first column: rows of the kernel, the first of them row `top` of `kept`, or
 * their taps. */
SMELT_CODE_SECTION
static void list_offsets(ptrdiff_t *offset, const parameters_t *parameters, int32_t count, int32_t top, int32_t kept,
                         int32_t row_bytes) {
    const int32_t tap_step = parameters->dilation_width * parameters->input_channels;
    for (; count > 0; top += parameters->dilation_height) {
        int32_t tap = top % kept * row_bytes;
        for (int32_t k = parameters->dilation_width == 1 ? 1 : parameters->kernel_width; k > 0; k--) {
            *offset++ = tap;
            tap += tap_step;
            count--;
        }
    }
}

/* Whether the pixels of an image are one long row. */
SMELT_CODE_SECTION
static inline int is_one_row(const parameters_t *parameters, int32_t runs) {
    return parameters->padded_width == 0 && runs == 1 && parameters->stride_height == 1 &&
           parameters->stride_width == 1 && parameters->input_width == parameters->output_width;
}

/* What is true of all fields. */
SMELT_CODE_SECTION
static void describe_fields(struct smelt_fields_s8 *fields, const parameters_t *parameters, uint32_t *pairs) {
    int32_t count = parameters->kernel_height, values = parameters->input_channels;
    if (parameters->dilation_width == 1) {
        values *= parameters->kernel_width;
    } else {
        count *= parameters->kernel_width;
    }
    fields->count = count;
    fields->words = values / 4;
    fields->rest = values % 4;
    fields->rests = pairs + 4 * count * fields->words;
    fields->pairs = pairs;
    fields->column_step = 2 * parameters->stride_width * parameters->input_channels;
    fields->output_step = parameters->gemm.channels;
}

SMELT_CODE_SECTION
void smelt_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const int32_t padded = parameters->padded_width, channels = parameters->gemm.channels;
    const int32_t row_bytes = (padded > 0 ? padded : parameters->input_width) * parameters->input_channels;
    const int32_t reach = (parameters->kernel_height - 1) * parameters->dilation_height + 1;
    const int32_t start = first_row * parameters->stride_height - parameters->pad_top;
    const int32_t second = parameters->stride_width * parameters->input_channels;
    struct smelt_fields_s8 fields;
    ptrdiff_t *offsets, *other_offsets;
    int32_t width = parameters->output_width, kept = input_ring_rows, origin = 0;
    const int8_t *rows = input;
    int8_t *to = output, *padded_rows;
    int waiting = 0;
    describe_fields(&fields, parameters, scratch);
    offsets = (ptrdiff_t *)(fields.pairs + parameters->gemm.depth);
    other_offsets = offsets + fields.count;
    padded_rows = (int8_t *)(other_offsets + fields.count);
    if (padded > 0) {
        /* A pair of pixels may lie in two rows. */
        kept = reach + width % 2 * parameters->stride_height;
        rows = padded_rows;
        origin = start;
    } else if (is_one_row(parameters, fields.count) && first_row % kept + row_count <= kept) {
        width *= row_count;
        row_count = 1;
    }
    for (int32_t top = start, ready = start; row_count > 0; row_count--) {
        for (ready = ready < top ? top : ready; padded > 0 && ready < top + reach; ready++) {
            pad_row(padded_rows + (ready - start) % kept * row_bytes, input, parameters, ready, input_ring_rows);
        }
        list_offsets(offsets, parameters, fields.count, top - origin, kept, row_bytes);
        fields.columns[1] = rows;
        fields.offsets[1] = offsets;
        int32_t left = width;
        if (waiting) {
            smelt_gemm_fields_s8__arm_dsp(to, &fields, 1, &parameters->gemm);
            to += 2 * channels;
            left--;
        }
        fields.columns[0] = waiting ? rows + second : rows;
        fields.columns[1] = fields.columns[0] + second;
        fields.offsets[0] = offsets;
        if (left > 1) {
            smelt_gemm_fields_s8__arm_dsp(to, &fields, left / 2, &parameters->gemm);
            to += left / 2 * 2 * channels;
        }
        waiting = left % 2;
        offsets = other_offsets;
        other_offsets = (ptrdiff_t *)fields.offsets[0];
        top += parameters->stride_height;
    }
    if (waiting) {
        fields.columns[1] = fields.columns[0];
        fields.offsets[1] = fields.offsets[0];
        fields.output_step = 0;
        smelt_gemm_fields_s8__arm_dsp(to, &fields, 1, &parameters->gemm);
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
