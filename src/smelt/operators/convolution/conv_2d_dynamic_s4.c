/* conv_2d of float data, each image quantized to int8 first, and int4 weights. */
#include "convolution_narrow.h"
#include "smelt_nibble.h"

#define SMELT_OUTPUT float
#define SMELT_INPUT int8_t
#define SMELT_WEIGHTS uint8_t
#define SMELT_PARAMETERS struct smelt_conv_2d_narrow_f32_parameters
#define SMELT_SUM int32_t
#define SMELT_VALUE(x) ((x) - found->zero_point)
#define SMELT_WEIGHT(weights, index) smelt_nibble(weights, index)
#define SMELT_RESULT(sum, channel) smelt_narrow_output_f32(&p->narrow, channel, (float)sum, found->scale)
#include "conv_2d_walk.h"

void smelt_conv_2d_dynamic_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_conv_2d_narrow_f32_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->window;
    const int32_t image = window->input_height * window->input_width * window->input_channels;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        const struct smelt_dynamic found = smelt_quantize_dynamic(scratch, input, image, parameters->symmetric);
        smelt_walk(parameters, &found, output, scratch, weights, 0, window->output_height, window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += image;
    }
}
