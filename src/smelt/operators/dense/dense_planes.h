/* fully_connected of int8 data and weights -1 and 1, or -1, 0 and 1, in planes of bits; see smelt_planes_s8.h. */
#ifndef SMELT_DENSE_PLANES_H
#define SMELT_DENSE_PLANES_H

#include <stdint.h>

#include "smelt_placement.h"
#include "smelt_planes_s8.h"

struct smelt_fully_connected_planes_s8_parameters {
    int32_t batches, outputs;
    struct smelt_rows_s8 rows;
    struct smelt_planes_s8 weights;
};

/* scratch: 4 bytes an output and SMELT_PLANES_TABLES_BYTES. */
SMELT_CODE_SECTION
void smelt_fully_connected_planes_s8(int8_t *output, const int8_t *input,
                                     const struct smelt_fully_connected_planes_s8_parameters *parameters,
                                     void *scratch);

#endif
