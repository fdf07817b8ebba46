/* output = a * b, one matrix after the other. */
#include "matrix.h"
#include "smelt_broadcast.h"

SMELT_CODE_SECTION
static float *multiply(float *output, const float *a, const float *b,
                       const struct smelt_batch_matmul_f32_parameters *p) {
    for (int32_t row = 0; row < p->rows; row++) {
        for (int32_t column = 0; column < p->columns; column++) {
            const float *left = a + row * p->row_step_a, *right = b + column * p->column_step_b;
            float sum = 0.0f;
            for (int32_t i = p->inner; i > 0; i--) {
                sum += *left * *right;
                left += p->inner_step_a;
                right += p->inner_step_b;
            }
            *output++ = sum;
        }
    }
    return output;
}

SMELT_CODE_SECTION
void smelt_batch_matmul_f32(float *output, const float *a, const float *b,
                            const struct smelt_batch_matmul_f32_parameters *parameters) {
    const int32_t size_a = parameters->rows * parameters->inner, size_b = parameters->inner * parameters->columns;
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    do {
        for (int32_t i = 0; i < parameters->count; i++) {
            output = multiply(output, a + (place.a + i * parameters->step_a) * size_a,
                              b + (place.b + i * parameters->step_b) * size_b, parameters);
        }
    } while (smelt_broadcast_next(&place, parameters->batches));
}
