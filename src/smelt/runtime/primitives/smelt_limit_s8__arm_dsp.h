/* Clamping int8 values with the DSP extension. */
#ifndef SMELT_LIMIT_S8_ARM_DSP_H
#define SMELT_LIMIT_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

/* output = input clamped to [low, high]; in place is allowed. */
SMELT_CODE_SECTION
void smelt_limit_s8__arm_dsp(int8_t *output, const int8_t *input, int32_t count, int32_t low, int32_t high);

#endif
