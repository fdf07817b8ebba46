/* conv_2d 1 x 1 of few input channels: pixels are multiplied where they lie, a block of channels without a loop. */
#include "convolution__arm_dsp.h"
#include "smelt_gemm_short_s8__arm_dsp.h"

typedef struct smelt_conv_2d_s8__arm_dsp_parameters parameters_t;

SMELT_CODE_SECTION
static void multiply(int8_t *output, const int8_t *input, int32_t count, const struct smelt_gemm_short_s8 *pixels) {
    switch (pixels->gemm->depth) {
    case 8:
        smelt_gemm_short_8_s8__arm_dsp(output, input, count, pixels);
        break;
    case 16:
        smelt_gemm_short_16_s8__arm_dsp(output, input, count, pixels);
        break;
    default:
        smelt_gemm_short_32_s8__arm_dsp(output, input, count, pixels);
        break;
    }
}

/* Pixels that lie side by side. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
multiply_pixels(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch, int32_t count) {
    const struct smelt_gemm_s8__arm_dsp *gemm = &parameters->gemm;
    const int32_t depth = gemm->depth, channels = gemm->channels;
    struct smelt_gemm_short_s8 pixels;
    pixels.gemm = gemm;
    pixels.last = gemm->weights + channels / 4 * smelt_gemm_block_words(gemm) - 1;
    pixels.pairs = scratch;
    pixels.input_step = depth;
    pixels.output_step = channels;
    if (count > 1) {
        multiply(output, input, count / 2, &pixels);
    }
    if (count % 2 != 0) {
        pixels.input_step = pixels.output_step = 0;
        multiply(output + (count - 1) * channels, input + (count - 1) * depth, 1, &pixels);
    }
    smelt_clamp_s8__arm_dsp(output, count * channels, gemm->low, gemm->high);
}

SMELT_CODE_SECTION
void smelt_conv_2d_short_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                          void *scratch, int32_t first_row, int32_t row_count,
                                          int32_t input_ring_rows) {
    const int32_t width = parameters->output_width;
    while (row_count > 0) {
        const int32_t row = first_row % input_ring_rows, ahead = input_ring_rows - row;
        const int32_t rows = row_count < ahead ? row_count : ahead;
        multiply_pixels(output, input + row * width * parameters->gemm.depth, parameters, scratch, rows * width);
        output += rows * width * parameters->gemm.channels;
        first_row += rows;
        row_count -= rows;
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_short_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                     void *scratch) {
    const int32_t rows = parameters->batches * parameters->output_height;
    multiply_pixels(output, input, parameters, scratch, rows * parameters->output_width);
}
