/* conv_2d of float data, each image quantized to int8 first, and int8 weights: sums of products of the integers as they
 * are, less the zero point times the sum of the weights. Taps outside the image are zero points. */
#include "convolution_narrow.h"
#include "smelt_dot_s8.h"
#include "smelt_dynamic.h"

/* Where things lie in the scratch memory. */
struct room {
    int32_t *totals; /* the sum of the weights of each output channel */
    int8_t *image, *field;
};

/* The outputs of one pixel whose field lies in `field`; `channel` is the first of them. */
SMELT_CODE_SECTION
static float *outputs_of(float *output, const struct smelt_narrow_f32 *narrow, const struct smelt_dynamic *found,
                         const int8_t *field, const int8_t *weights, const int32_t *totals, int32_t count,
                         int32_t channel, int32_t end) {
    while (channel < end) {
        const int32_t lanes = end - channel >= 4 ? 4 : 1;
        int32_t sums[4];
        if (lanes == 4) {
            smelt_dot_4_s8(sums, field, weights + channel * count, count);
        } else {
            sums[0] = smelt_dot_s8(field, weights + channel * count, count);
        }
        for (int32_t i = 0; i < lanes; i++, channel++) {
            const int32_t sum = sums[i] - found->zero_point * totals[channel];
            *output++ = smelt_narrow_output_f32(narrow, channel, (float)sum, found->scale);
        }
    }
    return output;
}

SMELT_CODE_SECTION
static void image_outputs(float *output, const struct room *room, const int8_t *weights,
                          const struct smelt_conv_2d_narrow_f32_parameters *parameters,
                          const struct smelt_dynamic *found) {
    const struct smelt_window *window = &parameters->window;
    const int32_t channels = window->input_channels / parameters->groups;
    const int32_t outputs = window->output_channels / parameters->groups;
    const int32_t count = window->kernel_height * window->kernel_width * channels;
    for (int32_t y = 0; y < window->output_height; y++) {
        const struct smelt_field_rows rows =
            smelt_field_rows(window, y * window->stride_height - window->pad_top, window->input_height);
        for (int32_t x = 0; x < window->output_width; x++) {
            const int32_t column = x * window->stride_width - window->pad_left;
            for (int32_t group = 0; group < parameters->groups; group++) {
                smelt_gather_s8(room->field, room->image, window, &rows, column, group * channels, channels,
                                (int8_t)found->zero_point);
                output = outputs_of(output, &parameters->narrow, found, room->field, weights, room->totals, count,
                                    group * outputs, (group + 1) * outputs);
            }
        }
    }
}

void smelt_conv_2d_dynamic_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->window;
    const int32_t image = window->input_height * window->input_width * window->input_channels;
    const int32_t count =
        window->kernel_height * window->kernel_width * (window->input_channels / parameters->groups);
    const struct room room = {scratch, (int8_t *)((int32_t *)scratch + window->output_channels),
                              (int8_t *)((int32_t *)scratch + window->output_channels) + image};
    for (int32_t j = 0; j < window->output_channels; j++) {
        room.totals[j] = 0;
        for (int32_t k = 0; k < count; k++) {
            room.totals[j] += weights[j * count + k];
        }
    }
    for (int32_t batch = 0; batch < window->batches; batch++) {
        const struct smelt_dynamic found = smelt_quantize_dynamic(room.image, input, image, parameters->symmetric);
        image_outputs(output, &room, weights, parameters, &found);
        output += window->output_height * window->output_width * window->output_channels;
        input += image;
    }
}
