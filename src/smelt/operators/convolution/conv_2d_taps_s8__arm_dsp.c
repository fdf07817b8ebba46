/* conv_2d with little workspace: the values of one or two output pixels are expanded tap by tap, straight from the
 * input or from pads, then multiplied with all weights. */
#include "convolution__arm_dsp.h"

#include <stddef.h>

typedef struct smelt_conv_2d_s8__arm_dsp_parameters parameters_t;

/* Where the field of an output pixel begins in the input, and the input row under one row of it: NULL where the image
 * has none. */
struct place {
    const int8_t *row;
    int32_t y, x;
};

SMELT_CODE_SECTION
static void find_row(struct place *place, const int8_t *input, const parameters_t *parameters, int32_t dy,
                     int32_t ring) {
    const int32_t y = place->y + dy;
    place->row = y >= 0 && y < parameters->input_height
                     ? input + y % ring * parameters->input_width * parameters->input_channels
                     : NULL;
}

/* The values of a tap, dx columns after the field's first. */
SMELT_CODE_SECTION
static inline const int8_t *find_tap(const struct place *place, const parameters_t *parameters, int32_t dx,
                                     const int8_t *pads) {
    const int32_t x = place->x + dx;
    const int inside = place->row != NULL && x >= 0 && x < parameters->input_width;
    return inside ? place->row + x * parameters->input_channels : pads;
}

/* List where the taps of a pixel lie, as distances from the input. */
SMELT_CODE_SECTION
static void list_taps(ptrdiff_t *taps, struct place *place, const int8_t *input, const parameters_t *parameters,
                      int32_t ring, const int8_t *pads) {
    const int32_t height = parameters->kernel_height * parameters->dilation_height;
    const int32_t width = parameters->kernel_width * parameters->dilation_width;
    for (int32_t dy = 0; dy < height; dy += parameters->dilation_height) {
        find_row(place, input, parameters, dy, ring);
        for (int32_t dx = 0; dx < width; dx += parameters->dilation_width) {
            *taps++ = find_tap(place, parameters, dx, pads) - input;
        }
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_taps_rows_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                         void *scratch, int32_t first_row, int32_t row_count,
                                         int32_t input_ring_rows) {
    const int32_t channels = parameters->gemm.channels, reach = parameters->output_width * parameters->stride_width;
    const int32_t count = parameters->kernel_height * parameters->kernel_width;
    uint32_t *const pairs = scratch;
    ptrdiff_t *const taps = (ptrdiff_t *)(pairs + parameters->gemm.depth);
    int8_t *const pads = (int8_t *)(taps + 2 * count), *to = output;
    int32_t y = first_row * parameters->stride_height - parameters->pad_top, x = -parameters->pad_left;
    struct smelt_fields_s8 fields = {.count = count, .words = parameters->input_channels / 4, .pairs = pairs};
    for (int32_t i = 0; parameters->padded_width > 0 && i < parameters->input_channels; i++) {
        pads[i] = parameters->pad;
        __asm volatile(""); /* else the compiler calls memset, which is larger than this */
    }
    fields.columns[0] = fields.columns[1] = input;
    fields.offsets[0] = taps;
    fields.offsets[1] = taps + count;
    fields.output_step = channels;
    for (int32_t left = row_count * parameters->output_width; left > 0; left -= 2) {
        for (int32_t i = 0; i < 2; i++) {
            struct place place = {.y = y, .x = x};
            list_taps(taps + i * count, &place, input, parameters, input_ring_rows, pads);
            x += parameters->stride_width;
            if (x == reach - parameters->pad_left) {
                x = -parameters->pad_left;
                y += parameters->stride_height;
            }
            if (left == 1) {
                break;
            }
        }
        if (left > 1) {
            smelt_gemm_fields_s8__arm_dsp(to, &fields, 1, &parameters->gemm);
            to += channels;
        } else {
            uint32_t *pair = pairs;
            for (int32_t i = 0; i < count; i++) {
                pair = smelt_expand_one_s8__arm_dsp(pair, input + taps[i], parameters->input_channels);
            }
            smelt_gemm_one_s8__arm_dsp(to, pairs, &parameters->gemm);
        }
        to += channels;
    }
    smelt_clamp_s8__arm_dsp(output, (int32_t)(to - output), parameters->gemm.low, parameters->gemm.high);
}

SMELT_CODE_SECTION
void smelt_conv_2d_taps_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                    void *scratch) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_conv_2d_taps_rows_s8__arm_dsp(output, input, parameters, scratch, 0, parameters->output_height,
                                            parameters->input_height);
        input += parameters->input_height * parameters->input_width * parameters->input_channels;
        output += parameters->output_height * parameters->output_width * parameters->gemm.channels;
    }
}
