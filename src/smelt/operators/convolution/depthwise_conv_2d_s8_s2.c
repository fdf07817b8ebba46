/* depthwise_conv_2d of int8 data and weights of two bits. */
#include "convolution_s2.h"
#include "smelt_two_bits.h"

#define SMELT_OUTPUT int8_t
#define SMELT_INPUT int8_t
#define SMELT_WEIGHTS uint8_t
#define SMELT_PARAMETERS struct smelt_depthwise_conv_2d_s8_parameters
#define SMELT_SUM int32_t
#define SMELT_VALUE(x) ((x) - p->pad)
#define SMELT_WEIGHT(weights, index) smelt_two_bits(weights, index)
#define SMELT_RESULT(sum, channel) smelt_row_output_s8(&p->rows, channel, sum)
#include "depthwise_conv_2d_walk.h"

void smelt_depthwise_conv_2d_rows_s8_s2(int8_t *output, const int8_t *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_s8_parameters *parameters, int32_t first_row,
    int32_t row_count, int32_t input_ring_rows) {
    smelt_walk(parameters, NULL, output, input, weights, first_row, row_count, input_ring_rows);
}

void smelt_depthwise_conv_2d_s8_s2(int8_t *output, const int8_t *input, const uint8_t *weights,
    const struct smelt_depthwise_conv_2d_s8_parameters *parameters) {
    const struct smelt_window *window = &parameters->window;
    const int32_t image = window->input_height * window->input_width * window->input_channels;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_walk(parameters, NULL, output, input, weights, 0, window->output_height, window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += image;
    }
}
