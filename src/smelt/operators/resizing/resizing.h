/* Images of another height and width. The places of output pixels in the input come in tables. */
#ifndef SMELT_RESIZING_H
#define SMELT_RESIZING_H

#include <stdint.h>

#include "smelt_placement.h"

/* `channels` counts bytes. */
struct smelt_resize_nearest_parameters {
    int32_t batches, height, width, output_height, output_width, channels;
    const int32_t *rows, *columns; /* the input index of each output index */
};

struct smelt_resize_bilinear_f32_parameters {
    int32_t batches, height, width, output_height, output_width, channels;
    const int32_t *rows_at; /* for each output row the input rows before and after its place */
    const float *rows;      /* and how far behind the first it is */
    const int32_t *columns_at;
    const float *columns;
};

struct smelt_resize_bilinear_s8_parameters {
    int32_t batches, height, width, output_height, output_width, channels;
    const int32_t *rows, *columns; /* three numbers each: the indices before and after, the distance in 1/1024 */
};

SMELT_CODE_SECTION
void smelt_resize_nearest_neighbor(void *output, const void *input,
                                   const struct smelt_resize_nearest_parameters *parameters);
SMELT_CODE_SECTION
void smelt_resize_bilinear_f32(float *output, const float *input,
                               const struct smelt_resize_bilinear_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_resize_bilinear_s8(int8_t *output, const int8_t *input,
                              const struct smelt_resize_bilinear_s8_parameters *parameters);

#endif
