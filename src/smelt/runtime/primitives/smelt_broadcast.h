/* Walking two inputs of different shapes, one output row at a time. A row is the innermost stretch in which
 * each input either advances with the output or stands still. The table, made by the compiler, holds for the
 * three loops around the row: 3 extents, 3 jumps of the first input, 3 of the second (elements). */
#ifndef SMELT_BROADCAST_H
#define SMELT_BROADCAST_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_broadcast {
    int32_t a, b; /* offsets of the current row in the inputs */
    int32_t index[3];
};

/* Go to the next row; 0 after the last. */
SMELT_CODE_SECTION
static inline int smelt_broadcast_next(struct smelt_broadcast *place, const int32_t *table) {
    for (int32_t loop = 2; loop >= 0; loop--) {
        place->a += table[3 + loop];
        place->b += table[6 + loop];
        place->index[loop]++;
        if (place->index[loop] < table[loop]) {
            return 1;
        }
        place->index[loop] = 0;
    }
    return 0;
}

#endif
