/* conv_2d: the fields of two output pixels are gathered and expanded, then multiplied with all weights. */
#include "convolution__arm_dsp.h"

/* An output pixel: its image, and the input row and column of its field's first tap. */
struct pixel {
    const int8_t *image;
    int32_t row, column, output_column;
};

SMELT_CODE_SECTION
static void advance(struct pixel *pixel, const struct smelt_window *window) {
    pixel->column += window->stride_width;
    if (++pixel->output_column == window->output_width) {
        pixel->output_column = 0;
        pixel->column = -(int32_t)window->pad_left;
        pixel->row += window->stride_height;
        if (pixel->row == window->output_height * window->stride_height - window->pad_top) {
            pixel->row = -(int32_t)window->pad_top;
            pixel->image += window->input_height * window->input_width * window->input_channels;
        }
    }
}

/* The inputs from (row, column) on; `pads` where that is outside the image. */
static const int8_t *inputs_at(const struct pixel *pixel, const struct smelt_window *window, int32_t row,
                               int32_t column, const int8_t *pads) {
    if ((uint32_t)row >= (uint32_t)window->input_height || (uint32_t)column >= (uint32_t)window->input_width) {
        return pads;
    }
    return pixel->image + (row * window->input_width + column) * window->input_channels;
}

SMELT_CODE_SECTION
static int columns_inside(const struct pixel *pixel, const struct smelt_window *window) {
    return pixel->column >= 0 && pixel->column + window->kernel_width <= window->input_width;
}

/* Expand two fields whose taps are whole words: a row of the kernel at once where its columns are inside the image
 * and side by side, else tap by tap. */
SMELT_CODE_SECTION
static void expand_fields(uint32_t *pairs, const struct pixel *first, const struct pixel *second,
                          const struct smelt_window *window, const int8_t *pads) {
    const int rows = window->dilation_width == 1 && columns_inside(first, window) && columns_inside(second, window);
    const int32_t runs = rows ? 1 : window->kernel_width;
    const int32_t length = window->input_channels * (rows ? window->kernel_width : 1);
    for (int32_t y = 0; y < window->kernel_height; y++) {
        const int32_t below = y * window->dilation_height;
        for (int32_t x = 0; x < runs; x++) {
            const int32_t right = x * window->dilation_width;
            pairs = smelt_expand_two_s8__arm_dsp(
                pairs, inputs_at(first, window, first->row + below, first->column + right, pads),
                inputs_at(second, window, second->row + below, second->column + right, pads), length);
        }
    }
}

/* Copy the rows of a field that lies inside the image, in words: up to 3 bytes more are read and written. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
copy_rows(int8_t *field, const int8_t *from, int32_t rows, int32_t run, int32_t row_step) {
    for (; rows > 0; rows--) {
        for (int32_t i = 0; i < run; i += 4) {
            memcpy(field + i, from + i, 4);
        }
        field += run;
        from += row_step;
    }
}

/* Copy a field of any shape: 3 bytes after it may be overwritten. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
copy_field(int8_t *field, const struct pixel *pixel, const struct smelt_window *window, int32_t pad) {
    const int32_t channels = window->input_channels, row_bytes = window->input_width * channels;
    const int32_t run = window->kernel_width * channels, row_step = window->dilation_height * row_bytes;
    const int32_t first = pixel->row * row_bytes + pixel->column * channels;
    const int32_t end = first + (window->kernel_height - 1) * row_step + run + 3;
    if (pixel->row >= 0 && end <= window->input_height * row_bytes && window->dilation_width == 1 &&
        columns_inside(pixel, window)) {
        copy_rows(field, pixel->image + first, window->kernel_height, run, row_step);
    } else {
        smelt_gather_s8(field, pixel->image, window, pixel->row, pixel->column, 0, channels, (int8_t)pad);
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t depth = parameters->gemm.depth, channels = parameters->gemm.channels;
    const int32_t count = window->batches * window->output_height * window->output_width;
    const uint32_t pad_word = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    uint32_t *const pairs = scratch;
    int8_t *const fields = (int8_t *)(pairs + depth);
    struct pixel first, second = {input, -(int32_t)window->pad_top, -(int32_t)window->pad_left, 0};
    int8_t *to = output;
    for (int32_t i = 0; i < parameters->pad_bytes; i += 4) {
        memcpy(fields + i, &pad_word, 4);
    }
    for (int32_t left = count; left > 0; left -= 2) {
        /* An odd last pixel is computed twice, into the same place. */
        if (parameters->pitch > 0) {
            smelt_expand_two_s8__arm_dsp(pairs, input, input + (left > 1 ? parameters->pitch : 0), depth);
            input += 2 * parameters->pitch;
        } else {
            first = second;
            if (left > 1) {
                advance(&second, window);
            }
            if (window->input_channels % 4 == 0) {
                expand_fields(pairs, &first, &second, window, fields);
            } else {
                copy_field(fields, &first, window, parameters->pad);
                copy_field(fields + depth, &second, window, parameters->pad);
                smelt_expand_two_s8__arm_dsp(pairs, fields, fields + depth, depth);
            }
            advance(&second, window);
        }
        smelt_gemm_two_s8__arm_dsp(to, left > 1 ? channels : 0, pairs, &parameters->gemm);
        to += 2 * channels;
    }
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, count * channels, parameters->low, parameters->high);
    }
}
