/* output = a * b, one matrix after the other.
 *
 * The file that includes this defines SMELT_DATA, the type of elements; SMELT_SUM, that of sums; SMELT_PARAMETERS, which have
 * a member `walk`; and, of the parameters `p`: SMELT_A(x) and SMELT_B(x) of elements, and SMELT_RESULT(sum), an output. */
#include "matrix.h"
#include "smelt_broadcast.h"

SMELT_CODE_SECTION
static SMELT_DATA *smelt_product(SMELT_DATA *output, const SMELT_DATA *a, const SMELT_DATA *b,
                                 const SMELT_PARAMETERS *p) {
    const struct smelt_matrices *const walk = &p->walk;
    for (int32_t row = 0; row < walk->rows; row++) {
        for (int32_t column = 0; column < walk->columns; column++) {
            const SMELT_DATA *left = a + row * walk->row_step_a, *right = b + column * walk->column_step_b;
            SMELT_SUM sum = 0;
            for (int32_t i = walk->inner; i > 0; i--) {
                sum += SMELT_A(*left) * SMELT_B(*right);
                left += walk->inner_step_a;
                right += walk->inner_step_b;
            }
            *output++ = SMELT_RESULT(sum);
        }
    }
    return output;
}

SMELT_CODE_SECTION
static void smelt_products(SMELT_DATA *output, const SMELT_DATA *a, const SMELT_DATA *b, const SMELT_PARAMETERS *p) {
    const struct smelt_matrices *const walk = &p->walk;
    const int32_t size_a = walk->rows * walk->inner, size_b = walk->inner * walk->columns;
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    do {
        for (int32_t i = 0; i < walk->count; i++) {
            output = smelt_product(output, a + (place.a + i * walk->step_a) * size_a,
                                   b + (place.b + i * walk->step_b) * size_b, p);
        }
    } while (smelt_broadcast_next(&place, walk->batches));
}
