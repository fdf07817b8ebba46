/* conv_2d: the fields of two output pixels are gathered and expanded, then multiplied with all weights. */
#include "convolution__arm_dsp.h"

/* An output pixel: its image, and the input row and column of its field's first tap. */
struct pixel {
    const int8_t *image;
    int32_t row, column, output_column;
};

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

static int columns_inside(const struct pixel *pixel, const struct smelt_window *window) {
    return pixel->column >= 0 && pixel->column + window->kernel_width <= window->input_width;
}

/* Expand two fields whose taps are whole words: a row of the kernel at once where its columns are inside the image
 * and side by side, else tap by tap. */
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

static void copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 4; count -= 4) {
        memcpy(to, from, 4);
        to += 4;
        from += 4;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

/* Copy a field of any shape, `pad_word` outside the image. */
static void copy_field(int8_t *field, const struct pixel *pixel, const struct smelt_window *window, int32_t depth,
                       uint32_t pad_word) {
    const int32_t channels = window->input_channels, step = window->dilation_width * channels;
    const struct smelt_taps taps =
        smelt_taps_inside(pixel->column, window->dilation_width, window->kernel_width, window->input_width);
    const int32_t inside = taps.end - taps.begin;
    int32_t from = (pixel->row * window->input_width + pixel->column) * channels + taps.begin * step;
    int8_t *to = field + taps.begin * channels;
    for (int32_t i = 0; i < depth; i += 4) {
        memcpy(field + i, &pad_word, 4);
    }
    for (int32_t y = 0; y < window->kernel_height; y++) {
        const int32_t row = pixel->row + y * window->dilation_height;
        if (row >= 0 && row < window->input_height) {
            if (step == channels) {
                copy(to, pixel->image + from, inside * channels);
            } else {
                for (int32_t x = 0; x < inside; x++) {
                    copy(to + x * channels, pixel->image + from + x * step, channels);
                }
            }
        }
        to += window->kernel_width * channels;
        from += window->dilation_height * window->input_width * channels;
    }
}

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
                copy_field(fields, &first, window, depth, pad_word);
                copy_field(fields + depth, &second, window, depth, pad_word);
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
