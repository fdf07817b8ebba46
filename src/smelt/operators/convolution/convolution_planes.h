/* conv_2d of int8 data and weights -1 and 1, or -1, 0 and 1, in planes of bits; see smelt_planes_s8.h. */
#ifndef SMELT_CONVOLUTION_PLANES_H
#define SMELT_CONVOLUTION_PLANES_H

#include <stdint.h>

#include "convolution.h"
#include "smelt_placement.h"
#include "smelt_planes_s8.h"

struct smelt_conv_2d_planes_s8_parameters {
    struct smelt_conv_2d_s8_parameters layer;
    struct smelt_planes_s8 weights; /* a matrix for each group */
};

/* scratch: 4 bytes an output channel of a group, SMELT_PLANES_TABLES_BYTES, then what smelt_conv_2d_s8 wants. */
SMELT_CODE_SECTION
void smelt_conv_2d_planes_s8(int8_t *output, const int8_t *input,
                             const struct smelt_conv_2d_planes_s8_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_planes_s8(int8_t *output, const int8_t *input,
                                  const struct smelt_conv_2d_planes_s8_parameters *parameters, void *scratch,
                                  int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
