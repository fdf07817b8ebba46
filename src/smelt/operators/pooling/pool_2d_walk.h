/* Pooling of windows for any type of element.
 *
 * The file that includes this defines SMELT_ELEMENT; SMELT_PARAMETERS; SMELT_POOL and SMELT_POOL_ROWS, the names of
 * the two functions; and, of the parameters `p`, SMELT_FACTOR(p, count), an integer that all channels of a window of
 * `count` elements have in common, and SMELT_POOLED(p, first, rows, columns, channels, factor), the output of the
 * channel that begins at `first`. */
#include "pool_window.h"

void SMELT_POOL_ROWS(SMELT_ELEMENT *output, const SMELT_ELEMENT *input, const SMELT_PARAMETERS *p, int32_t first_row,
                     int32_t row_count, int32_t input_ring_rows) {
    const int32_t channels = p->channels;
    const int32_t input_row = p->input_width * channels;
    int32_t top = first_row * p->stride_height - p->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_pool_rows rows =
            smelt_pool_rows(top, p->filter_height, p->input_height, input_row, input_ring_rows);
        for (int32_t x = 0; x < p->output_width; x++) {
            int32_t left = x * p->stride_width - p->pad_left;
            const int32_t columns = smelt_pool_clip(&left, p->filter_width, p->input_width);
            const uint32_t factor = SMELT_FACTOR(p, rows.count * columns);
            const SMELT_ELEMENT *window = input + rows.first + left * channels;
            (void)factor;
            for (int32_t channel = 0; channel < channels; channel++) {
                *output++ = SMELT_POOLED(p, window + channel, rows, columns, channels, factor);
            }
        }
        top += p->stride_height;
    }
}

void SMELT_POOL(SMELT_ELEMENT *output, const SMELT_ELEMENT *input, const SMELT_PARAMETERS *p) {
    for (int32_t batch = 0; batch < p->batches; batch++) {
        SMELT_POOL_ROWS(output, input, p, 0, p->output_height, p->input_height);
        output += p->output_height * p->output_width * p->channels;
        input += p->input_height * p->input_width * p->channels;
    }
}
