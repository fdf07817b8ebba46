/* conv_2d of int8 data and weights most of which are zero; see smelt_sparse_s8.h. */
#ifndef SMELT_CONVOLUTION_SPARSE_H
#define SMELT_CONVOLUTION_SPARSE_H

#include <stdint.h>

#include "convolution.h"
#include "smelt_placement.h"
#include "smelt_sparse_s8.h"

struct smelt_conv_2d_sparse_s8_parameters {
    struct smelt_conv_2d_s8_parameters layer; /* of one group */
    struct smelt_sparse_s8 weights;
};

/* scratch: what smelt_conv_2d_s8 wants. */
SMELT_CODE_SECTION
void smelt_conv_2d_sparse_s8(int8_t *output, const int8_t *input,
                             const struct smelt_conv_2d_sparse_s8_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_conv_2d_rows_sparse_s8(int8_t *output, const int8_t *input,
                                  const struct smelt_conv_2d_sparse_s8_parameters *parameters, void *scratch,
                                  int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
