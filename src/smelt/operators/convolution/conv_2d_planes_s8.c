/* conv_2d of int8 data and weights in planes of bits. */
#include "convolution_planes.h"

#define SMELT_WEIGHTS struct smelt_planes_s8
#define SMELT_PRODUCT(output, field, first, count) \
    smelt_planes_s8(output, field, weights, &parameters->rows, first, count, extra)
#include "conv_2d_fields_walk.h"

void smelt_conv_2d_rows_planes_s8(int8_t *output, const int8_t *input,
                                  const struct smelt_conv_2d_planes_s8_parameters *parameters, void *scratch,
                                  int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_conv_2d_s8_parameters *layer = &parameters->layer;
    const int32_t sums_bytes = 4 * (layer->window.output_channels / layer->groups);
    int8_t *gathered = (int8_t *)scratch + sums_bytes + SMELT_PLANES_TABLES_BYTES;
    smelt_walk_fields(output, input, &parameters->weights, layer, gathered, scratch, first_row, row_count,
                      input_ring_rows);
}

void smelt_conv_2d_planes_s8(int8_t *output, const int8_t *input,
                             const struct smelt_conv_2d_planes_s8_parameters *parameters, void *scratch) {
    const struct smelt_window *window = &parameters->layer.window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_conv_2d_rows_planes_s8(output, input, parameters, scratch, 0, window->output_height,
                                     window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
