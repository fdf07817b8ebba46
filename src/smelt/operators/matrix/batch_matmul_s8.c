#include "smelt_requantize.h"

#define SMELT_DATA int8_t
#define SMELT_SUM int32_t
#define SMELT_PARAMETERS struct smelt_batch_matmul_s8_parameters
#define SMELT_A(x) ((x) - p->zero_point_a)
#define SMELT_B(x) ((x) - p->zero_point_b)
#define SMELT_RESULT(sum) (int8_t)smelt_clamp(smelt_requantize(sum, p->mantissa, p->shift) + p->zero_point, -128, 127)
#include "batch_matmul_walk.h"

void smelt_batch_matmul_s8(int8_t *output, const int8_t *a, const int8_t *b,
                            const struct smelt_batch_matmul_s8_parameters *parameters) {
    smelt_products(output, a, b, parameters);
}
