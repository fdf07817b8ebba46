#define SMELT_DATA float
#define SMELT_SUM float
#define SMELT_PARAMETERS struct smelt_batch_matmul_f32_parameters
#define SMELT_A(x) (x)
#define SMELT_B(x) (x)
#define SMELT_RESULT(sum) (sum)
#include "batch_matmul_walk.h"

void smelt_batch_matmul_f32(float *output, const float *a, const float *b,
                            const struct smelt_batch_matmul_f32_parameters *parameters) {
    smelt_products(output, a, b, parameters);
}
