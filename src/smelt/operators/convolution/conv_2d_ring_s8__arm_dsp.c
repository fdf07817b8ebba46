/* conv_2d whose input channels are sixteens: every input row is expanded once, into a ring of as many rows as the kernel
 * has, and multiplied in place.
 *
 * A row of the ring has for every sixteen channels the columns 0, stride, 2 * stride, ..., then 1, 1 + stride, ...:
 * neighbouring output columns find what they need side by side. */
#include "convolution__arm_dsp.h"

#include <stddef.h>

#include "smelt_gemm_places_s8__arm_dsp.h"

typedef struct smelt_conv_2d_s8__arm_dsp_parameters parameters_t;

SMELT_CODE_SECTION
static uint32_t *fill(uint32_t *to, int32_t columns, uint32_t pads) {
    for (int32_t i = columns * SMELT_PLACE_WORDS; i > 0; i--) {
        *to++ = pads;
    }
    return to;
}

/* The first of the columns first, first + stride, ... that is not before `column`, counted from 0. */
SMELT_CODE_SECTION
static int32_t columns_before(int32_t column, int32_t first, int32_t stride) {
    return column > first ? (column - first + stride - 1) / stride : 0;
}

/* Expand an input row between pads; `input` is NULL where the image has no such row. */
SMELT_CODE_SECTION
static void __attribute__((noinline))
expand_row(uint32_t *row, const int8_t *input, const parameters_t *parameters) {
    const int32_t channels = parameters->input_channels, stride = parameters->stride_width;
    const int32_t left = parameters->pad_left, columns = parameters->padded_width / stride;
    const uint32_t pads = ((uint32_t)parameters->pad & 0xFFFFu) * 0x00010001u;
    for (int32_t first = 0; first < stride; first++) {
        const int32_t begin = columns_before(left, first, stride);
        const int32_t after = columns_before(left + parameters->input_width, first, stride);
        const int32_t end = after < columns ? after : columns;
        for (int32_t c = 0; c < channels; c += SMELT_PLACE_VALUES) {
            uint32_t *to = row + (c / SMELT_PLACE_VALUES * stride + first) * columns * SMELT_PLACE_WORDS;
            if (input == NULL || end <= begin) {
                fill(to, columns, pads);
            } else {
                to = fill(to, begin, pads);
                to = smelt_expand_places_s8__arm_dsp(to, input + (first + begin * stride - left) * channels + c,
                                                     end - begin, stride * channels);
                fill(to, columns - end, pads);
            }
        }
    }
}

/* List where the values lie that the first output column needs: sixteen channels, rows of the kernel, and of their columns
 * 0, stride, 2 * stride, ..., then 1, 1 + stride, ... in turn. Row k of the kernel is row (first + k) modulo kernel_height
 * of the ring. */
SMELT_CODE_SECTION
static void list_places(struct smelt_place *list, const uint32_t *ring, int32_t first,
                        const parameters_t *parameters) {
    const int32_t stride = parameters->stride_width, columns = parameters->padded_width / stride;
    const int32_t planes = parameters->input_channels / SMELT_PLACE_VALUES, height = parameters->kernel_height;
    struct smelt_place *place = list;
    for (int32_t plane = 0; plane < planes; plane++) {
        for (int32_t y = 0; y < height; y++) {
            const uint32_t *row = ring + ((first + y) % height * planes + plane) * stride * columns * SMELT_PLACE_WORDS;
            for (int32_t x = 0; x < stride; x++) {
                const uint32_t *at = row;
                for (int32_t left = columns_before(parameters->kernel_width, x, stride); left > 0; place++) {
                    place->at = smelt_place_at(list, at);
                    place->groups = (uint32_t)(left < SMELT_PLACE_GROUPS ? left : SMELT_PLACE_GROUPS);
                    left -= SMELT_PLACE_GROUPS;
                    at += SMELT_PLACE_GROUPS * SMELT_PLACE_WORDS;
                }
                row += columns * SMELT_PLACE_WORDS;
            }
        }
    }
    place->groups = 0;
}

SMELT_CODE_SECTION
void smelt_conv_2d_ring_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch, int32_t first_row, int32_t row_count,
                                         int32_t input_ring_rows) {
    const int32_t height = parameters->kernel_height;
    const int32_t row_words = parameters->padded_width * parameters->input_channels / 2;
    const int32_t row_bytes = parameters->input_width * parameters->input_channels;
    const int32_t output_bytes = parameters->output_width * parameters->gemm.channels;
    uint32_t *const ring = scratch;
    struct smelt_place *const places = (struct smelt_place *)(ring + height * row_words);
    const int32_t start = first_row * parameters->stride_height - parameters->pad_top;
    int8_t *to = output;
    for (int32_t top = start, ready = start; row_count > 0; row_count--) {
        for (ready = ready < top ? top : ready; ready < top + height; ready++) {
            const int inside = ready >= 0 && ready < parameters->input_height;
            expand_row(ring + (ready - start) % height * row_words,
                       inside ? input + ready % input_ring_rows * row_bytes : NULL, parameters);
        }
        list_places(places, ring, (top - start) % height, parameters);
        smelt_gemm_places_s8__arm_dsp(to, places, parameters->output_width, &parameters->gemm);
        to += output_bytes;
        top += parameters->stride_height;
    }
    smelt_clamp_s8__arm_dsp(output, (int32_t)(to - output), parameters->gemm.low, parameters->gemm.high);
}

SMELT_CODE_SECTION
void smelt_conv_2d_ring_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                    void *scratch) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_conv_2d_ring_rows_s8__arm_dsp(output, input, parameters, scratch, 0, parameters->output_height,
                                            parameters->input_height);
        input += parameters->input_height * parameters->input_width * parameters->input_channels;
        output += parameters->output_height * parameters->output_width * parameters->gemm.channels;
    }
}
