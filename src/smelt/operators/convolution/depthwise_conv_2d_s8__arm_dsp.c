/* depthwise_conv_2d of any kernel: the places of an output pixel's taps are found, once for all pixels of a row whose
 * taps are all inside; then four channels at a time are summed over them. */
#include "convolution__arm_dsp.h"
#include "smelt_depthwise_s8__arm_dsp.h"

typedef struct smelt_depthwise_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Where the taps of the field are that begins at (row, column) of the image; outside it they are `pads`. */
SMELT_CODE_SECTION
static void find_taps(const int8_t **taps, const struct smelt_window *window, const int8_t *input, int32_t row,
                      int32_t column, int32_t ring_rows, const int8_t *pads) {
    const int32_t channels = window->input_channels, line = window->input_width * channels;
    const int32_t step = window->dilation_width * channels, width = window->kernel_width;
    for (int32_t y = window->kernel_height; y > 0; y--, row += window->dilation_height) {
        const int32_t place = row < ring_rows ? row : row % ring_rows;
        const int8_t *const from = input + place * line;
        const uint32_t end = (uint32_t)row < (uint32_t)window->input_height ? (uint32_t)line : 0;
        int32_t at = column * channels;
        for (int32_t x = width; x > 0; x--, at += step) {
            *taps++ = (uint32_t)at < end ? from + at : pads;
        }
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                              void *scratch, int32_t first_row, int32_t row_count,
                                              int32_t input_ring_rows) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t channels = window->input_channels, count = window->kernel_height * window->kernel_width;
    const int32_t last_row = window->input_height - 1 - (window->kernel_height - 1) * window->dilation_height;
    const int32_t last_column = window->input_width - 1 - (window->kernel_width - 1) * window->dilation_width;
    const int8_t **const taps = scratch;
    int8_t *const pads = (int8_t *)(taps + count);
    const struct smelt_depthwise_pixel pixel = {
        parameters->records, taps, channels, parameters->signed_rounding, parameters->zero_point, count % 3, taps + count};
    int8_t *to = output;
    memset(pads, parameters->pad, (size_t)parameters->pad_bytes);
    for (int32_t y = first_row; y < first_row + row_count; y++) {
        const int32_t row = y * window->stride_height - window->pad_top;
        int32_t column = -window->pad_left;
        int shared = 0; /* the taps are those of column 0 */
        for (int32_t x = window->output_width; x > 0; x--) {
            const int inside = row >= 0 && row <= last_row && column >= 0 && column <= last_column;
            if (!inside || !shared) {
                find_taps(taps, window, input, row, inside ? 0 : column, input_ring_rows, pads);
            }
            shared = inside;
            smelt_depthwise_pixel_s8__arm_dsp(to, inside ? column * channels : 0, &pixel);
            column += window->stride_width;
            to += channels;
        }
    }
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, (int32_t)(to - output), parameters->low, parameters->high);
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t rows = window->output_height, channels = window->input_channels;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_s8__arm_dsp(output, input, parameters, scratch, 0, rows, window->input_height);
        input += window->input_height * window->input_width * channels;
        output += rows * window->output_width * channels;
    }
}
