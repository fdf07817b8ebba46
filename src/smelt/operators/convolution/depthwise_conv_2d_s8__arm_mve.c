/* depthwise_conv_2d: sixteen channels of a pixel at a time, two taps at a time, whose sum of products fits 16 bits.
 * Fields that reach over an edge are first copied. */
#include "convolution__arm_mve.h"
#include "smelt_window__arm_mve.h"

/* Sixteen channels; `lanes` counts those that exist. */
static inline void channels_16(int8_t *output, const int8_t *field, const int32_t *offsets, const int32_t *block,
                               const int32_t *record, int32_t lanes,
                               const struct smelt_depthwise_conv_2d_s8__arm_mve_parameters *parameters) {
    int32x4_t sums0 = vldrwq_s32(block), sums1 = vldrwq_s32(block + 4);
    int32x4_t sums2 = vldrwq_s32(block + 8), sums3 = vldrwq_s32(block + 12);
    const int32_t *weights = block + 16;
    int32_t first, second, predicate;
    /* q0: products of even channels; q1: of odd channels (first the values); q2: values and products of the second
     * tap; q3: weights. Compilers know no way to be told that the predicate (p0) changes, hence it is restored. */
    __asm("vmrs %[predicate], p0\n\t"
          "vctp.8 %[lanes]\n\t"
          "dls lr, %[tap_pairs]\n"
          "1:\n\t"
          "ldrd %[first], %[second], [%[offsets]], #8\n\t"
          "add %[first], %[field]\n\t"
          "add %[second], %[field]\n\t"
          "vpst\n\t"
          "vldrbt.8 q1, [%[first]]\n\t"
          "vldrb.8 q3, [%[weights]], #16\n\t"
          "vmullb.s8 q0, q1, q3\n\t"
          "vmullt.s8 q1, q1, q3\n\t"
          "vpst\n\t"
          "vldrbt.8 q2, [%[second]]\n\t"
          "vldrb.8 q3, [%[weights]], #16\n\t"
          "vmullb.s8 q2, q2, q3\n\t"
          "vadd.i16 q0, q0, q2\n\t"
          "vpst\n\t"
          "vldrbt.8 q2, [%[second]]\n\t"
          "vmullt.s8 q2, q2, q3\n\t"
          "vadd.i16 q1, q1, q2\n\t"
          "vmovlb.s16 q2, q0\n\t"
          "vadd.i32 %q[sums0], %q[sums0], q2\n\t"
          "vmovlb.s16 q3, q1\n\t"
          "vadd.i32 %q[sums1], %q[sums1], q3\n\t"
          "vmovlt.s16 q2, q0\n\t"
          "vadd.i32 %q[sums2], %q[sums2], q2\n\t"
          "vmovlt.s16 q3, q1\n\t"
          "vadd.i32 %q[sums3], %q[sums3], q3\n\t"
          "le lr, 1b\n\t"
          "vmsr p0, %[predicate]"
          : [sums0] "+w"(sums0), [sums1] "+w"(sums1), [sums2] "+w"(sums2), [sums3] "+w"(sums3),
            [offsets] "+r"(offsets), [weights] "+r"(weights), [first] "=&r"(first), [second] "=&r"(second),
            [predicate] "=&r"(predicate)
          : [field] "r"(field), [lanes] "r"(lanes), [tap_pairs] "r"(parameters->tap_pairs)
          : "lr", "q0", "q1", "q2", "q3", "memory");
    smelt_requantize_16__arm_mve(output, sums0, sums1, sums2, sums3, record, &parameters->channels, lanes);
}

/* `lanes` channels: all of a pixel, or of a few neighbours that fit sixteen lanes together. */
SMELT_CODE_SECTION
static int8_t *pixels(int8_t *output, const int8_t *field, const int32_t *offsets, int32_t lanes,
                      const struct smelt_depthwise_conv_2d_s8__arm_mve_parameters *parameters) {
    const int32_t *block = parameters->blocks, *record = parameters->channels.records;
    for (int32_t first = 0; first < lanes; first += 16) {
        channels_16(output + first, field + first, offsets, block, record, lanes - first, parameters);
        block += 16 + 8 * parameters->tap_pairs;
        record += parameters->channels.record_step;
    }
    return output + lanes;
}

void smelt_depthwise_conv_2d_rows_s8__arm_mve(
    int8_t *output, const int8_t *input, const struct smelt_depthwise_conv_2d_s8__arm_mve_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *window = &parameters->window;
    const int32_t channels = window->input_channels, row_bytes = window->input_width * channels;
    const int32_t reach = (window->kernel_height - 1) * window->dilation_height;
    const int32_t last_column = window->input_width - (window->kernel_width - 1) * window->dilation_width;
    for (int32_t y = first_row; y < first_row + row_count; y++) {
        const int32_t row = y * window->stride_height - window->pad_top;
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        const int run = row >= 0 && row + reach < window->input_height && rows.slot + reach < input_ring_rows;
        int32_t column = -(int32_t)window->pad_left;
        for (int32_t x = 0; x < window->output_width;) {
            const int8_t *field = scratch;
            const int32_t *offsets = parameters->offsets + 2 * parameters->tap_pairs;
            int32_t count = 1;
            if (run && column >= 0 && column < last_column) {
                const int32_t inside = last_column - column, left = window->output_width - x;
                field = input + rows.slot * row_bytes + column * channels;
                offsets = parameters->offsets;
                count = smelt_least(smelt_least(parameters->together, inside), left);
            } else {
                smelt_gather_s8__arm_mve(scratch, input, window, &rows, column, parameters->pad);
            }
            output = pixels(output, field, offsets, count * channels, parameters);
            x += count;
            column += count * window->stride_width;
        }
    }
}

void smelt_depthwise_conv_2d_s8__arm_mve(int8_t *output, const int8_t *input,
                                         const struct smelt_depthwise_conv_2d_s8__arm_mve_parameters *parameters,
                                         void *scratch) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_s8__arm_mve(output, input, parameters, scratch, 0, window->output_height,
                                                 window->input_height);
        input += window->input_height * window->input_width * window->input_channels;
        output += window->output_height * window->output_width * window->output_channels;
    }
}
