/* max_pool_2d for any type of element; padding does not take part.
 *
 * The file that includes this defines SMELT_ELEMENT, SMELT_PARAMETERS, SMELT_POOL and SMELT_POOL_ROWS as
 * pool_2d_walk.h wants them, and SMELT_BOUNDED(x, p), an element x within the bounds of the parameters. */
#include "pool_window.h"

SMELT_CODE_SECTION
static SMELT_ELEMENT smelt_largest(const SMELT_ELEMENT *first, struct smelt_pool_rows rows, int32_t columns,
                                   int32_t column_step) {
    SMELT_ELEMENT largest = *first;
    for (; rows.count > 0; rows.count--) {
        const SMELT_ELEMENT *element = first;
        for (int32_t column = columns; column > 0; column--) {
            if (*element > largest) {
                largest = *element;
            }
            element += column_step;
        }
        first += --rows.before_end == 0 ? rows.step - rows.ring : rows.step;
    }
    return largest;
}

#define SMELT_FACTOR(p, count) 0u
#define SMELT_POOLED(p, first, rows, columns, channels, factor) \
    SMELT_BOUNDED(smelt_largest(first, rows, columns, channels), p)
#include "pool_2d_walk.h"
