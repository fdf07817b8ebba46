/* conv_2d with a kernel of 3 x 3 by Winograd's F(2x2, 3x3), in integers: 16 products where the sum takes 36.
 *
 * Four rows of the padded input are kept. Two tiles of 2 x 2 outputs at a time: the 4 x 4 inputs of each are transformed
 * (values below 2^10, int16), multiplied position by position with weights that Python transformed, by twice the usual
 * matrix on both sides so that they stay integers, and transformed back to four times the sums. */
#include "convolution__arm_dsp.h"

#include <stddef.h>
#include <string.h>

#include "smelt_winograd_s8__arm_dsp.h"

typedef struct smelt_conv_2d_winograd_s8__arm_dsp_parameters parameters_t;

enum { RING_ROWS = 4 };

SMELT_CODE_SECTION
static uint32_t *fill(uint32_t *to, int32_t words, uint32_t pads) {
    for (; words > 0; words--) {
        *to++ = pads;
    }
    return to;
}

/* Copy an input row between pads; `input` is NULL where the image has no such row. */
SMELT_CODE_SECTION
static void pad_row(uint32_t *row, const int8_t *input, const parameters_t *parameters) {
    const int32_t pixel_words = parameters->input_channels / 4;
    const int32_t right = parameters->padded_width - parameters->pad_left;
    const int32_t width = input == NULL ? 0 : parameters->input_width < right ? parameters->input_width : right;
    const uint32_t pads = ((uint32_t)parameters->pad & 0xFFu) * 0x01010101u;
    row = fill(row, parameters->pad_left * pixel_words, pads);
    for (int32_t i = width * pixel_words; i > 0; i--) {
        memcpy(row++, input, sizeof *row);
        input += sizeof *row;
    }
    fill(row, (right - width) * pixel_words, pads);
}

/* The output rows y and y + 1 of four padded rows. */
SMELT_CODE_SECTION
static void strip(int8_t *output, const uint32_t **rows, int32_t row_bytes, const parameters_t *parameters,
                  uint32_t *values) {
    const int32_t channels = parameters->input_channels, outputs = parameters->output_channels;
    const int32_t numbers = parameters->signed_rounding ? 3 : 2, width = parameters->output_width;
    const int32_t rounding = parameters->signed_rounding ? parameters->zero_point : SMELT_WINOGRAD_ROUND_ONCE;
    const int32_t block_words = SMELT_WINOGRAD_POSITIONS * 2 * channels;
    uint32_t *const products = values + SMELT_WINOGRAD_POSITIONS * channels;
    for (int32_t x = 0; x < width; x += 2 * SMELT_WINOGRAD_TILES) {
        const uint32_t *weights = parameters->weights;
        const int32_t *records = parameters->records;
        smelt_winograd_inputs_s8__arm_dsp(values, rows, channels, products);
        for (int32_t i = 0; i < RING_ROWS; i++) {
            rows[i] += channels;
        }
        for (int32_t c = 0; c < outputs; c += 4) {
            smelt_winograd_products_s8__arm_dsp(products, values, weights, channels);
            for (int32_t tile = 0; tile < SMELT_WINOGRAD_TILES && x + 2 * tile < width; tile++) {
                const int32_t left = x + 2 * tile;
                smelt_winograd_outputs_s8__arm_dsp(output + left * outputs + c, products + 4 * tile, records,
                                                   left + 1 < width ? outputs : 0, row_bytes, rounding);
            }
            weights += block_words;
            records += 4 * numbers;
        }
    }
}

SMELT_CODE_SECTION
static void one_image(int8_t *output, const int8_t *input, const parameters_t *parameters, uint32_t *scratch) {
    const int32_t row_words = parameters->padded_width * parameters->input_channels / 4;
    const int32_t in_bytes = parameters->input_width * parameters->input_channels;
    const int32_t out_bytes = parameters->output_width * parameters->output_channels;
    uint32_t *const values = scratch + RING_ROWS * row_words;
    int32_t ready = 0; /* padded rows */
    for (int32_t y = 0; y < parameters->output_height; y += 2) {
        const uint32_t *rows[RING_ROWS];
        for (; ready < y + RING_ROWS; ready++) {
            const int32_t row = ready - parameters->pad_top;
            const int inside = row >= 0 && row < parameters->input_height;
            pad_row(scratch + ready % RING_ROWS * row_words, inside ? input + row * in_bytes : NULL, parameters);
        }
        for (int32_t i = 0; i < RING_ROWS; i++) {
            rows[i] = scratch + (y + i) % RING_ROWS * row_words;
        }
        strip(output + y * out_bytes, rows, y + 1 < parameters->output_height ? out_bytes : 0, parameters, values);
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_winograd_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                        void *scratch) {
    const int32_t out_bytes = parameters->output_height * parameters->output_width * parameters->output_channels;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        one_image(output, input, parameters, scratch);
        smelt_clamp_s8__arm_dsp(output, out_bytes, parameters->low, parameters->high);
        input += parameters->input_height * parameters->input_width * parameters->input_channels;
        output += out_bytes;
    }
}
