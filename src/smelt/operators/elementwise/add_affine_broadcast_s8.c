/* The rows of an output whose inputs differ in shape, each by smelt_add_affine_s8. */
#include "elementwise.h"
#include "smelt_broadcast.h"

void smelt_add_affine_broadcast_s8(int8_t *output, const int8_t *a, const int8_t *b,
                                  const struct smelt_add_affine_s8_parameters *row, const int32_t *table) {
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    do {
        smelt_add_affine_s8(output, a + place.a, b + place.b, row);
        output += row->count;
    } while (smelt_broadcast_next(&place, table));
}
