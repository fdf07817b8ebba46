/* Filters over features, then over the last steps of time. */
#ifndef SMELT_SVDF_H
#define SMELT_SVDF_H

#include <stdint.h>

#include "smelt_placement.h"

/* Data [batches, inputs], weights of features [filters, inputs] and of time [filters, memory], state [batches, filters,
 * memory], output [batches, filters / rank]. */
struct smelt_svdf_walk {
    int32_t batches, inputs, filters, rank, memory;
    int32_t fresh; /* the state begins at zero with this call */
};

struct smelt_svdf_f32_parameters {
    struct smelt_svdf_walk walk;
    const float *bias; /* one a unit, NULL: none */
    float low, high;
};

struct smelt_svdf_s8_parameters {
    struct smelt_svdf_walk walk;
    const int32_t *bias; /* one a unit, NULL: none */
    int32_t state_mantissa, state_shift; /* scale of data * that of the weights of features / that of the state */
    int32_t mantissa, shift;             /* scale of the state * that of the weights of time / that of the output */
    int32_t input_zero_point, state_zero_point, zero_point;
};

SMELT_CODE_SECTION
void smelt_svdf_f32(float *output, const float *input, const float *features, const float *time,
                    const struct smelt_svdf_f32_parameters *parameters, void *state);
SMELT_CODE_SECTION
void smelt_svdf_s8(int8_t *output, const int8_t *input, const int8_t *features, const int8_t *time,
                   const struct smelt_svdf_s8_parameters *parameters, void *state);
/* int16 weights of time and state. */
SMELT_CODE_SECTION
void smelt_svdf_s8_s16(int8_t *output, const int8_t *input, const int8_t *features, const int16_t *time,
                       const struct smelt_svdf_s8_parameters *parameters, void *state);

#endif
