/* Copies the pixel at each place. */
#include "resizing.h"

#include <string.h>

void smelt_resize_nearest_neighbor(void *output, const void *input,
                                   const struct smelt_resize_nearest_parameters *parameters) {
    const struct smelt_resize_nearest_parameters p = *parameters;
    const uint8_t *image = input;
    uint8_t *to = output;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        for (int32_t y = 0; y < p.output_height; y++) {
            for (int32_t x = 0; x < p.output_width; x++) {
                memcpy(to, image + (p.rows[y] * p.width + p.columns[x]) * p.channels, (size_t)p.channels);
                to += p.channels;
            }
        }
        image += p.height * p.width * p.channels;
    }
}
