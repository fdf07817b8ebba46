/* The exponential function in fixed point, as gemmlowp computes it (operators/fixed_point_functions.py). */
#ifndef SMELT_EXPONENTIAL_H
#define SMELT_EXPONENTIAL_H

#include <stdint.h>

#include "smelt_placement.h"

/* exp(x) in 31 fractional bits for x < 0 with `bits` (4 or 5) integer bits. */
SMELT_CODE_SECTION
int32_t smelt_exponential(int32_t x, int32_t bits);

#endif
