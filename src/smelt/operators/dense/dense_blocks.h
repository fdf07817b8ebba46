/* fully_connected of float data and int4 weights, two to a byte, with a scale for each `block` of a row. */
#ifndef SMELT_DENSE_BLOCKS_H
#define SMELT_DENSE_BLOCKS_H

#include <stdint.h>

#include "smelt_narrow_f32.h"
#include "smelt_placement.h"

struct smelt_fully_connected_blocks_parameters {
    int32_t batches, inputs, outputs;
    int32_t block;                  /* weights that share a scale; the last block of a row may be shorter */
    const float *scales;            /* those of the blocks of the first output, then of the next */
    struct smelt_narrow_f32 narrow; /* its scale is 1 */
    int32_t symmetric;              /* how the dynamic function quantizes */
};

SMELT_CODE_SECTION
void smelt_fully_connected_blocks_f32_s4(float *output, const float *input, const uint8_t *weights,
                                         const struct smelt_fully_connected_blocks_parameters *parameters);

/* Each row is quantized to `scratch`, a byte an input. */
SMELT_CODE_SECTION
void smelt_fully_connected_blocks_dynamic_s4(float *output, const float *input, const uint8_t *weights,
                                             const struct smelt_fully_connected_blocks_parameters *parameters,
                                             void *scratch);

#endif
