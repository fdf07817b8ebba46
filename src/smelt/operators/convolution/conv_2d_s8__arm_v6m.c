/* conv_2d: the fields of six output pixels become words, which meet all weights. */
#include "convolution__arm_v6m.h"

/* An output pixel: its image, and the input row and column of its field's first tap. */
struct pixel {
    const int8_t *image;
    int32_t row, column;
};

SMELT_CODE_SECTION
static void advance(struct pixel *pixel, const struct smelt_window *window) {
    pixel->column += window->stride_width;
    if (pixel->column == window->output_width * window->stride_width - window->pad_left) {
        pixel->column = -(int32_t)window->pad_left;
        pixel->row += window->stride_height;
        if (pixel->row == window->output_height * window->stride_height - window->pad_top) {
            pixel->row = -(int32_t)window->pad_top;
            pixel->image += window->input_height * window->input_width * window->input_channels;
        }
    }
}

SMELT_CODE_SECTION
static int is_inside(const struct pixel *pixel, const struct smelt_window *window) {
    return pixel->row >= 0 && pixel->column >= 0 &&
           pixel->row + (window->kernel_height - 1) * window->dilation_height < window->input_height &&
           pixel->column + (window->kernel_width - 1) * window->dilation_width < window->input_width;
}

/* Fields inside the image: a row of the kernel is one run of bytes where its columns are side by side. */
SMELT_CODE_SECTION
static uint32_t *expand_inside(uint32_t *words, const struct pixel *pixels, const struct smelt_window *window) {
    const int32_t channels = window->input_channels, row_bytes = window->input_width * channels;
    const int32_t runs = window->dilation_width == 1 ? 1 : window->kernel_width;
    const int32_t length = runs == 1 ? channels * window->kernel_width : channels;
    const int32_t next_run = window->dilation_width * channels;
    const int32_t next_row = window->dilation_height * row_bytes - runs * next_run;
    const int8_t *from[SMELT_GEMM_PIXELS];
    for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
        from[i] = pixels[i].image + pixels[i].row * row_bytes + pixels[i].column * channels;
    }
    for (int32_t y = window->kernel_height, x = runs;;) {
        int32_t step = next_run;
        words = smelt_expand_six_s8__arm_v6m(words, from, length);
        if (--x == 0) {
            if (--y == 0) {
                return words;
            }
            x = runs;
            step += next_row;
        }
        for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
            from[i] += step;
        }
    }
}

/* Any fields, tap by tap; `pads` for taps outside the image. */
SMELT_CODE_SECTION
static uint32_t *expand_taps(uint32_t *words, const struct pixel *pixels, const struct smelt_window *window,
                             const int8_t *pads) {
    const int32_t channels = window->input_channels;
    const int8_t *from[SMELT_GEMM_PIXELS];
    for (int32_t y = 0; y < window->kernel_height; y++) {
        for (int32_t x = 0; x < window->kernel_width; x++) {
            for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
                const int32_t row = pixels[i].row + y * window->dilation_height;
                const int32_t column = pixels[i].column + x * window->dilation_width;
                const int inside =
                    (uint32_t)row < (uint32_t)window->input_height && (uint32_t)column < (uint32_t)window->input_width;
                from[i] = inside ? pixels[i].image + (row * window->input_width + column) * channels : pads;
            }
            words = smelt_expand_six_s8__arm_v6m(words, from, channels);
        }
    }
    return words;
}

SMELT_CODE_SECTION
void smelt_conv_2d_s8__arm_v6m(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_v6m_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t depth = parameters->gemm.depth;
    uint32_t *const words = scratch, *const words_end = words + 4 * depth;
    int32_t *const sums = (int32_t *)words_end;
    int8_t *const pads = (int8_t *)words_end + SMELT_GEMM_SUMS_BYTES;
    struct pixel pixels[SMELT_GEMM_PIXELS], next = {input, -(int32_t)window->pad_top, -(int32_t)window->pad_left};
    memset(pads, parameters->pad, (size_t)window->input_channels);
    for (int32_t left = window->batches * window->output_height * window->output_width; left > 0;) {
        int32_t count = 0, insides = 0;
        for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
            /* Past the end the last pixel is computed again, and its outputs dropped. */
            pixels[i] = next;
            insides += is_inside(&next, window);
            if (left > 1) {
                advance(&next, window);
            }
            count += left > 0;
            left -= left > 0;
        }
        uint32_t *end = insides == SMELT_GEMM_PIXELS ? expand_inside(words, pixels, window)
                                                     : expand_taps(words, pixels, window, pads);
        for (; end < words_end; end++) {
            *end = 0;
        }
        smelt_gemm_six_s8__arm_v6m(output, words, count, sums, &parameters->gemm);
        output += count * window->output_channels;
    }
}
