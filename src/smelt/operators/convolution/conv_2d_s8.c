/* conv_2d of int8 data and weights: rows of weights times receptive fields. */
#define SMELT_WEIGHTS int8_t
#define SMELT_PRODUCT(output, field, first, count) \
    smelt_rows_s8(output, field, weights, columns, &parameters->rows, first, count, 0)
#include "conv_2d_fields_walk.h"

void smelt_conv_2d_rows_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                           const struct smelt_conv_2d_s8_parameters *parameters, void *scratch, int32_t first_row,
                           int32_t row_count, int32_t input_ring_rows) {
    smelt_walk_fields(output, input, weights, parameters, scratch, NULL, first_row, row_count, input_ring_rows);
}

void smelt_conv_2d_s8(int8_t *output, const int8_t *input, const int8_t *weights,
                      const struct smelt_conv_2d_s8_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_s8(output, input, weights, parameters, scratch, 0, window->output_height,
                              window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
