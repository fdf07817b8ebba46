/* Where the taps of an output pixel are is listed, once for the pixels of a row whose taps are all inside. Then the taps
 * are copied together and two pixels are multiplied with all weights, or the taps are summed channel by channel. */
#include "convolution_compact__arm_dsp.h"

typedef struct smelt_convolution_compact_s8__arm_dsp_parameters parameters_t;

/* List every `step`th tap of each row of the field that begins at (row, column) of the image; those outside are `pads`. */
SMELT_CODE_SECTION
static void list_taps(const int8_t **taps, const parameters_t *parameters, const int8_t *input, int32_t row,
                      int32_t column, int32_t step, int32_t ring_rows, const int8_t *pads) {
    for (int32_t y = parameters->kernel_height; y > 0; y--) {
        const int32_t place = row < ring_rows ? row : row % ring_rows;
        const int8_t *const from = input + place * parameters->input_width * parameters->input_channels;
        int32_t at = column;
        for (int32_t x = parameters->kernel_width; x > 0; x -= step) {
            const int inside = (uint32_t)row < parameters->input_height && (uint32_t)at < parameters->input_width;
            *taps++ = inside ? from + at * parameters->input_channels : pads;
            at += parameters->dilation_width;
        }
        row += parameters->dilation_height;
    }
}

SMELT_CODE_SECTION
int8_t *smelt_convolution_compact_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                                   void *scratch, int32_t first_row, int32_t row_count,
                                                   int32_t input_ring_rows) {
    const int32_t pixel_step = parameters->stride_width * parameters->input_channels;
    const int32_t row_bytes = parameters->input_width * parameters->input_channels;
    const int32_t reach = (parameters->kernel_height - 1) * parameters->dilation_height;
    const int8_t **const taps = scratch;
    int8_t *const pads = (int8_t *)(taps + parameters->taps), *const values = pads + parameters->pad_bytes;
    int32_t row = first_row * parameters->stride_height - parameters->pad_top;
    int32_t ready = first_row > 0 ? row + reach : 0; /* the first row that is not kept yet */
    int32_t second = 0; /* the values of a first pixel are there */
    for (int8_t *to = pads; to < values;) {
        *to++ = parameters->pad;
        __asm volatile(""); /* else the compiler calls memset, which is larger than this */
    }
    for (; row_count > 0; row_count--) {
        const int row_inside = row >= 0 && row + reach < parameters->input_height;
        const int8_t *from = input;
        int32_t ring_rows = input_ring_rows, column = -parameters->pad_left, count;
        if (parameters->kept_rows > 0) {
            ring_rows = parameters->kept_rows;
            from = values;
            for (; ready <= row + reach && ready < parameters->input_height; ready++) {
                smelt_copy_values_s8__arm_dsp(values + ready % ring_rows * row_bytes,
                                              input + ready % input_ring_rows * row_bytes, row_bytes);
            }
        }
        for (int32_t x = 0; x < parameters->output_width; x += count) {
            const int inner = row_inside && x == parameters->inner_first;
            const int32_t together = inner ? parameters->together : 1;
            count = inner ? parameters->inner_count : 1;
            list_taps(taps, parameters, from, row, column, together, ring_rows, pads);
            column += count * parameters->stride_width;
            if (parameters->depthwise) {
                output = smelt_compact_depthwise_s8__arm_dsp(output, taps, &parameters->gemm, count, pixel_step);
                continue;
            }
            for (int32_t i = 0; i < count; i++) {
                int8_t *to = values + second * parameters->gemm.depth, *const end = to + parameters->values;
                for (const int8_t *const *tap = taps; to < end; tap++) {
                    to = smelt_copy_values_s8__arm_dsp(to, *tap + i * pixel_step, together * parameters->input_channels);
                }
                if (second) {
                    smelt_compact_gemm_two_s8__arm_dsp(output, values, parameters->gemm.channels, &parameters->gemm);
                    output += 2 * parameters->gemm.channels;
                }
                second = !second;
            }
        }
        row += parameters->stride_height;
    }
    if (second) {
        smelt_compact_gemm_two_s8__arm_dsp(output, values, 0, &parameters->gemm);
        output += parameters->gemm.channels;
    }
    return output;
}

SMELT_CODE_SECTION
void smelt_convolution_compact_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                           void *scratch) {
    for (int32_t batch = parameters->batches; batch > 0; batch--) {
        output = smelt_convolution_compact_rows_s8__arm_dsp(output, input, parameters, scratch, 0,
                                                            parameters->output_height, parameters->input_height);
        input += parameters->input_height * parameters->input_width * parameters->input_channels;
    }
}
