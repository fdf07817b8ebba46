#define SMELT_STATE int8_t
#define SMELT_LOWEST INT8_MIN
#define SMELT_HIGHEST INT8_MAX
#include "svdf_integers.h"

void smelt_svdf_s8(int8_t *output, const int8_t *input, const int8_t *features, const int8_t *time,
                   const struct smelt_svdf_s8_parameters *parameters, void *state) {
    smelt_walk(output, input, features, time, parameters, state);
}
