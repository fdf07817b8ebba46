/* conv_2d: the fields of six output pixels become words, which meet all weights. */
#include "convolution__arm_v6m.h"

/* An output pixel: the input row and column of its field's first tap, and where that row lies in the ring (less than
 * its rows, and negative as the row is). */
struct pixel {
    int16_t row, column, slot;
};

/* The image, of which `ring` rows are kept: row r in the place of r modulo ring. */
struct image {
    const int8_t *rows;
    const struct smelt_window *window;
    int32_t ring;
};

SMELT_CODE_SECTION
static int16_t wrap(int32_t slot, int32_t ring) {
    while (slot >= ring) { /* cheaper than a division where the core has none */
        slot -= ring;
    }
    return (int16_t)slot;
}

SMELT_CODE_SECTION
static void advance(struct pixel *pixel, const struct image *image) {
    const struct smelt_window *const window = image->window;
    pixel->column = (int16_t)(pixel->column + window->stride_width);
    if (pixel->column == window->output_width * window->stride_width - window->pad_left) {
        pixel->column = (int16_t)-window->pad_left;
        pixel->row = (int16_t)(pixel->row + window->stride_height);
        pixel->slot = wrap(pixel->slot + window->stride_height, image->ring);
    }
}

/* Whether a field lies inside the image, its rows one after the other. */
SMELT_CODE_SECTION
static int is_inside(const struct pixel *pixel, const struct image *image) {
    const struct smelt_window *const window = image->window;
    const int32_t reach = (window->kernel_height - 1) * window->dilation_height;
    return pixel->row >= 0 && pixel->column >= 0 && pixel->row + reach < window->input_height &&
           pixel->slot + reach < image->ring &&
           pixel->column + (window->kernel_width - 1) * window->dilation_width < window->input_width;
}

/* Such fields: a row of the kernel is one run of bytes where its columns are side by side. Not inlined, as what it
 * keeps on the stack would lie there during the products too. */
SMELT_CODE_SECTION
static uint32_t *__attribute__((noinline)) expand_inside(uint32_t *words, const struct pixel *pixels,
                                                         const struct image *image) {
    const struct smelt_window *const window = image->window;
    const int32_t channels = window->input_channels, row_bytes = window->input_width * channels;
    const int32_t runs = window->dilation_width == 1 ? 1 : window->kernel_width;
    const int32_t length = runs == 1 ? channels * window->kernel_width : channels;
    const int32_t next_run = window->dilation_width * channels;
    const int32_t next_row = window->dilation_height * row_bytes - runs * next_run;
    const int8_t *from[SMELT_GEMM_PIXELS];
    for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
        from[i] = image->rows + pixels[i].slot * row_bytes + pixels[i].column * channels;
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

/* Any fields, tap by tap; `pads` for taps outside the image. Not inlined for the same reason. */
SMELT_CODE_SECTION
static uint32_t *__attribute__((noinline)) expand_taps(uint32_t *words, const struct pixel *pixels,
                                                       const struct image *image, const int8_t *pads) {
    const struct smelt_window *const window = image->window;
    const int32_t channels = window->input_channels, width = window->input_width;
    const int8_t *from[SMELT_GEMM_PIXELS];
    for (int32_t y = 0, dy = 0; y < window->kernel_height; y++, dy += window->dilation_height) {
        for (int32_t x = 0, dx = 0; x < window->kernel_width; x++, dx += window->dilation_width) {
            for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
                int32_t slot = pixels[i].slot + dy;
                const int32_t row = pixels[i].row + dy, column = pixels[i].column + dx;
                slot -= slot < image->ring ? 0 : image->ring; /* which has at least the rows of a field */
                from[i] = (uint32_t)row < (uint32_t)window->input_height && (uint32_t)column < (uint32_t)width
                              ? image->rows + (slot * width + column) * channels
                              : pads;
            }
            words = smelt_expand_six_s8__arm_v6m(words, from, channels);
        }
    }
    return words;
}

SMELT_CODE_SECTION
void smelt_conv_2d_rows_s8__arm_v6m(int8_t *output, const int8_t *input,
                                    const struct smelt_conv_2d_s8__arm_v6m_parameters *parameters, void *scratch,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *const window = &parameters->window;
    const struct image image = {input, window, input_ring_rows};
    uint32_t *const words = scratch, *const words_end = words + 4 * parameters->gemm.depth;
    int32_t *const sums = (int32_t *)words_end;
    int8_t *const pads = (int8_t *)words_end + SMELT_GEMM_SUMS_BYTES;
    struct pixel pixels[SMELT_GEMM_PIXELS], next;
    next.row = (int16_t)(first_row * window->stride_height - window->pad_top);
    next.column = (int16_t)-window->pad_left;
    next.slot = wrap(next.row, input_ring_rows);
    memset(pads, parameters->pad, (size_t)window->input_channels);
    for (int32_t left = row_count * window->output_width; left > 0;) {
        int32_t count = 0, insides = 0;
        for (int32_t i = 0; i < SMELT_GEMM_PIXELS; i++) {
            /* Past the end the last pixel is computed again, and its outputs dropped. */
            pixels[i] = next;
            insides += is_inside(&next, &image);
            if (left > 1) {
                advance(&next, &image);
            }
            count += left > 0;
            left -= left > 0;
        }
        uint32_t *end = insides == SMELT_GEMM_PIXELS ? expand_inside(words, pixels, &image)
                                                     : expand_taps(words, pixels, &image, pads);
        for (; end < words_end; end++) {
            *end = 0;
        }
        smelt_gemm_six_s8__arm_v6m(output, words, count, sums, &parameters->gemm);
        output += count * window->output_channels;
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_s8__arm_v6m(int8_t *output, const int8_t *input,
                               const struct smelt_conv_2d_s8__arm_v6m_parameters *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_s8__arm_v6m(output, input, parameters, scratch, 0, window->output_height,
                                       window->input_height);
        input += window->input_height * window->input_width * window->input_channels;
        output += window->output_height * window->output_width * window->output_channels;
    }
}
