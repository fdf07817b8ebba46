/* The rows of an output whose inputs differ in shape, each by smelt_add_s8__arm_dsp; clamped all at once. */
#include "elementwise__arm_dsp.h"
#include "smelt_broadcast.h"
#include "smelt_limit_s8__arm_dsp.h"

void smelt_add_broadcast_s8__arm_dsp(int8_t *output, const int8_t *a, const int8_t *b,
                                     const struct smelt_add_affine_s8_parameters *row, const int32_t *table) {
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    int8_t *to = output;
    do {
        smelt_add_s8__arm_dsp(to, a + place.a, b + place.b, row);
        to += row->count;
    } while (smelt_broadcast_next(&place, table));
    if (row->low > -128 || row->high < 127) {
        smelt_limit_s8__arm_dsp(output, output, (int32_t)(to - output), row->low, row->high);
    }
}
