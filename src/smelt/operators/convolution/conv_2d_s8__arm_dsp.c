/* conv_2d: the inputs of two output pixels are gathered and expanded, then multiplied with all weights. */
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

static void copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 4; count -= 4) {
        memcpy(to, from, 4);
        to += 4;
        from += 4;
    }
    while (count-- > 0) {
        *to++ = *from++;
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

static int is_inside(const struct pixel *pixel, const struct smelt_window *window) {
    return pixel->column >= 0 && pixel->column + window->kernel_width <= window->input_width;
}

/* Expand the fields of two pixels, row by row of the kernel: runs of whole rows where the columns are inside the
 * image, else tap by tap. Runs that are not whole words go through `staging`. */
static void gather(uint32_t *pairs, const struct pixel pixels[2], const struct smelt_window *window, int32_t depth,
                   int8_t *staging, const int8_t *pads) {
    const int32_t channels = window->input_channels;
    const int whole = window->dilation_width == 1 && is_inside(&pixels[0], window) && is_inside(&pixels[1], window);
    const int32_t runs = whole ? 1 : window->kernel_width, length = whole ? window->kernel_width * channels : channels;
    int8_t *to = staging;
    for (int32_t y = 0; y < window->kernel_height; y++) {
        for (int32_t x = 0; x < runs; x++) {
            const int32_t below = y * window->dilation_height, right = x * window->dilation_width;
            const int8_t *const first =
                inputs_at(&pixels[0], window, pixels[0].row + below, pixels[0].column + right, pads);
            const int8_t *const second =
                inputs_at(&pixels[1], window, pixels[1].row + below, pixels[1].column + right, pads);
            if (channels % 4 == 0) {
                pairs = smelt_expand_two_s8__arm_dsp(pairs, first, second, length);
            } else {
                copy(to, first, length);
                copy(to + depth, second, length);
                to += length;
            }
        }
    }
    if (channels % 4 != 0) {
        smelt_expand_two_s8__arm_dsp(pairs, staging, staging + depth, depth);
    }
}

void smelt_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_dsp_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t depth = parameters->gemm.depth, channels = parameters->gemm.channels;
    const int32_t count = window->batches * window->output_height * window->output_width;
    uint32_t *const pairs = scratch;
    int8_t *const staging = (int8_t *)(pairs + depth);
    int8_t *const pads = window->input_channels % 4 == 0 ? staging : staging + 2 * depth;
    struct pixel pixels[2];
    struct pixel next = {input, -(int32_t)window->pad_top, -(int32_t)window->pad_left, 0};
    memset(pads, parameters->pad, (size_t)parameters->pad_bytes);
    for (int32_t i = 0; i < count; i += 2) {
        pixels[0] = next;
        advance(&next, window);
        pixels[1] = next;
        if (i + 1 < count) {
            advance(&next, window);
        } else {
            pixels[1] = pixels[0]; /* an odd last pixel is computed twice, into the same place */
        }
        gather(pairs, pixels, window, depth, staging, pads);
        smelt_gemm_two_s8__arm_dsp(output, i + 1 < count ? channels : 0, pairs, &parameters->gemm);
        output += 2 * channels;
    }
    if (parameters->low > -128 || parameters->high < 127) {
        const int32_t outputs = count * channels;
        smelt_clamp_s8__arm_dsp(output - 2 * channels * ((count + 1) / 2), outputs, parameters->low, parameters->high);
    }
}
