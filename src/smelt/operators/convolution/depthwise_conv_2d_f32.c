/* depthwise_conv_2d of float data and weights. */
#include "convolution.h"
#include "smelt_clamp_f32.h"

#define SMELT_OUTPUT float
#define SMELT_INPUT float
#define SMELT_WEIGHTS float
#define SMELT_PARAMETERS struct smelt_depthwise_conv_2d_f32_parameters
#define SMELT_SUM float
#define SMELT_VALUE(x) (x)
#define SMELT_WEIGHT(weights, index) (weights)[index]
#define SMELT_RESULT(sum, channel) smelt_clamp_f32((sum) + p->bias[channel], p->low, p->high)
#include "depthwise_conv_2d_walk.h"

void smelt_depthwise_conv_2d_rows_f32(float *output, const float *input, const float *weights,
    const struct smelt_depthwise_conv_2d_f32_parameters *parameters, int32_t first_row, int32_t row_count,
    int32_t input_ring_rows) {
    smelt_walk(parameters, NULL, output, input, weights, first_row, row_count, input_ring_rows);
}

void smelt_depthwise_conv_2d_f32(float *output, const float *input, const float *weights,
    const struct smelt_depthwise_conv_2d_f32_parameters *parameters) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_walk(parameters, NULL, output, input, weights, 0, window->output_height, window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
