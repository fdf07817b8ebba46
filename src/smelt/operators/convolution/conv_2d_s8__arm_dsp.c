/* conv_2d: the fields of two output pixels are gathered and expanded, then multiplied with all weights. */
#include "convolution__arm_dsp.h"

/* The input, of which `ring` rows are kept: row r in the place of r modulo `ring`. */
struct source {
    const int8_t *rows;
    const int8_t *pads; /* a run of the input zero point */
    const struct smelt_window *window;
    int32_t ring;
};

/* An output pixel: the input row and column of its field's first tap. */
struct pixel {
    int32_t row, column, output_column;
};

SMELT_CODE_SECTION
static void advance(struct pixel *pixel, const struct smelt_window *window) {
    pixel->column += window->stride_width;
    if (++pixel->output_column == window->output_width) {
        pixel->output_column = 0;
        pixel->column = -(int32_t)window->pad_left;
        pixel->row += window->stride_height;
    }
}

/* The inputs from (row, column) on; pads where that is outside the image. */
SMELT_CODE_SECTION
static const int8_t *inputs_at(const struct source *source, int32_t row, int32_t column) {
    const struct smelt_window *const window = source->window;
    if ((uint32_t)row >= (uint32_t)window->input_height || (uint32_t)column >= (uint32_t)window->input_width) {
        return source->pads;
    }
    return source->rows + ((row % source->ring) * window->input_width + column) * window->input_channels;
}

SMELT_CODE_SECTION
static int columns_side_by_side(const struct pixel *pixel, const struct smelt_window *window) {
    return window->dilation_width == 1 && pixel->column >= 0 &&
           pixel->column + window->kernel_width <= window->input_width;
}

/* Expand two fields whose taps are whole words: a row of the kernel at once where its columns are inside the image
 * and side by side, else tap by tap. */
SMELT_CODE_SECTION
static void expand_fields(uint32_t *pairs, const struct pixel *first, const struct pixel *second,
                          const struct source *source) {
    const struct smelt_window *const window = source->window;
    const int rows = columns_side_by_side(first, window) && columns_side_by_side(second, window);
    const int32_t runs = rows ? 1 : window->kernel_width;
    const int32_t length = window->input_channels * (rows ? window->kernel_width : 1);
    for (int32_t y = 0; y < window->kernel_height; y++) {
        const int32_t below = y * window->dilation_height;
        for (int32_t x = 0; x < runs; x++) {
            const int32_t right = x * window->dilation_width;
            pairs = smelt_expand_two_s8__arm_dsp(
                pairs, inputs_at(source, first->row + below, first->column + right),
                inputs_at(source, second->row + below, second->column + right), length);
        }
    }
}

/* Copy a field of any shape: 3 bytes after it may be overwritten. Rows are copied in words where that reads nothing
 * after the ring. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
copy_field(int8_t *field, const struct pixel *pixel, const struct source *source, int8_t pad) {
    const struct smelt_window *const window = source->window;
    const int32_t channels = window->input_channels, width = window->kernel_width;
    const int8_t *const end = source->rows + source->ring * window->input_width * channels - 3;
    const int together = columns_side_by_side(pixel, window);
    const int32_t runs = together ? 1 : width, run = together ? width * channels : channels;
    for (int32_t y = 0; y < window->kernel_height; y++) {
        for (int32_t x = 0; x < runs; x++) {
            const int8_t *const from = inputs_at(source, pixel->row + y * window->dilation_height,
                                                 pixel->column + x * window->dilation_width);
            if (from != source->pads && from + run <= end) {
                for (int32_t i = 0; i < run; i += 4) {
                    memcpy(field + i, from + i, 4);
                }
            } else {
                for (int32_t i = 0; i < run; i++) {
                    field[i] = from != source->pads ? from[i] : pad;
                }
            }
            field += run;
        }
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t depth = parameters->gemm.depth, channels = parameters->gemm.channels;
    const int32_t count = row_count * window->output_width, pitch = parameters->pitch;
    const uint32_t pad_word = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    uint32_t *const pairs = scratch;
    int8_t *const fields = (int8_t *)(pairs + depth);
    const struct source source = {input, fields, window, input_ring_rows};
    struct pixel first, second = {first_row * window->stride_height - window->pad_top, -(int32_t)window->pad_left, 0};
    int8_t *to = output;
    for (int32_t i = 0; i < parameters->pad_bytes; i += 4) {
        memcpy(fields + i, &pad_word, 4);
    }
    for (int32_t left = count; left > 0; left -= 2) {
        /* An odd last pixel is computed twice, into the same place. */
        first = second;
        if (left > 1) {
            advance(&second, window);
        }
        if (pitch > 0) {
            smelt_expand_two_s8__arm_dsp(pairs, inputs_at(&source, first.row, first.column),
                                         inputs_at(&source, second.row, second.column), depth);
        } else if (window->input_channels % 4 == 0) {
            expand_fields(pairs, &first, &second, &source);
        } else {
            copy_field(fields, &first, &source, (int8_t)parameters->pad);
            copy_field(fields + depth, &second, &source, (int8_t)parameters->pad);
            smelt_expand_two_s8__arm_dsp(pairs, fields, fields + depth, depth);
        }
        advance(&second, window);
        smelt_gemm_two_s8__arm_dsp(to, left > 1 ? channels : 0, pairs, &parameters->gemm);
        to += 2 * channels;
    }
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, count * channels, parameters->low, parameters->high);
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_s8__arm_dsp(output, input, parameters, scratch, 0, window->output_height,
                                       window->input_height);
        input += window->input_height * window->input_width * window->input_channels;
        output += window->output_height * window->output_width * parameters->gemm.channels;
    }
}
