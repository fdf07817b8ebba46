#include "smelt_rows_s16.h"

#define SMELT_DATA int16_t
#define SMELT_SUM int64_t
#define SMELT_PARAMETERS struct smelt_batch_matmul_s16_parameters
#define SMELT_A(x) ((int64_t)(x))
#define SMELT_B(x) (x)
#define SMELT_RESULT(sum) smelt_row_output_s16(&p->rows, 0, sum)
#include "batch_matmul_walk.h"

void smelt_batch_matmul_s16(int16_t *output, const int16_t *a, const int16_t *b,
                            const struct smelt_batch_matmul_s16_parameters *parameters) {
    smelt_products(output, a, b, parameters);
}
