#include "smelt_clamp_f32.h"

#define SMELT_DATA float
#define SMELT_STATE float
#define SMELT_SUM float
#define SMELT_PARAMETERS struct smelt_svdf_f32_parameters
#define SMELT_ADD(sum, x, w) ((sum) + (x) * (w))
#define SMELT_ADD_STATE(sum, x, w) ((sum) + (x) * (w))
#define SMELT_KEPT(sum) (sum)
#define SMELT_ZERO 0.0f
#define SMELT_BIAS(unit) (p->bias == NULL ? 0.0f : p->bias[unit])
#define SMELT_RESULT(sum) smelt_clamp_f32(sum, p->low, p->high)
#include "svdf_walk.h"

void smelt_svdf_f32(float *output, const float *input, const float *features, const float *time,
                    const struct smelt_svdf_f32_parameters *parameters, void *state) {
    smelt_walk(output, input, features, time, parameters, state);
}
