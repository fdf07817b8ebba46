/* conv_2d of int8 data and weights most of which are zero. */
#include "convolution_sparse.h"

#define SMELT_WEIGHTS struct smelt_sparse_s8
#define SMELT_PRODUCT(output, field, first, count) \
    smelt_sparse_s8(output, field, weights, &parameters->rows, count)
#include "conv_2d_fields_walk.h"

void smelt_conv_2d_rows_sparse_s8(int8_t *output, const int8_t *input,
                                  const struct smelt_conv_2d_sparse_s8_parameters *parameters, void *scratch,
                                  int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    smelt_walk_fields(output, input, &parameters->weights, &parameters->layer, scratch, NULL, first_row, row_count,
                      input_ring_rows);
}

void smelt_conv_2d_sparse_s8(int8_t *output, const int8_t *input,
                             const struct smelt_conv_2d_sparse_s8_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->layer.window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_sparse_s8(output, input, parameters, scratch, 0, window->output_height,
                                     window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
