/* The rows of an output whose inputs differ in shape, each by smelt_add_s16. */
#include "elementwise.h"
#include "smelt_broadcast.h"

void smelt_add_broadcast_s16(int16_t *output, const int16_t *a, const int16_t *b,
                           const struct smelt_add_s8_parameters *row, const int32_t *table) {
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    do {
        smelt_add_s16(output, a + place.a, b + place.b, row);
        output += row->count;
    } while (smelt_broadcast_next(&place, table));
}
