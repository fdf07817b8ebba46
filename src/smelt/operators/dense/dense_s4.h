/* fully_connected of int8 data and int4 weights, two to a byte, the first in the lower half; parameters as of int8. */
#ifndef SMELT_DENSE_S4_H
#define SMELT_DENSE_S4_H

#include <stdint.h>

#include "dense.h"
#include "smelt_placement.h"

SMELT_CODE_SECTION
void smelt_fully_connected_s8_s4(int8_t *output, const int8_t *input, const uint8_t *weights,
    const struct smelt_fully_connected_s8_parameters *parameters);

#endif
