/* fully_connected of float data and weights of half precision, int8 or int4.
 *
 * f32_f16, f32_s8 and f32_s4 compute in float. The dynamic functions quantize each row to `scratch`, a byte an input,
 * and sum integers. int4 weights are two to a byte, the first of them in the lower half. */
#ifndef SMELT_DENSE_NARROW_H
#define SMELT_DENSE_NARROW_H

#include <stdint.h>

#include "smelt_narrow_f32.h"
#include "smelt_placement.h"

struct smelt_fully_connected_narrow_f32_parameters {
    int32_t batches, inputs, outputs;
    struct smelt_narrow_f32 narrow;
    int32_t symmetric; /* how the dynamic functions quantize */
};

SMELT_CODE_SECTION
void smelt_fully_connected_f32_f16(float *output, const float *input, const uint16_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_fully_connected_f32_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_fully_connected_f32_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_fully_connected_dynamic_s8(float *output, const float *input, const int8_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_fully_connected_dynamic_s4(float *output, const float *input, const uint8_t *weights,
    const struct smelt_fully_connected_narrow_f32_parameters *parameters, void *scratch);

#endif
