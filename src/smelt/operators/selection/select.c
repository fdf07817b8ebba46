/* output = condition ? a : b, over inputs that broadcast. */
#include "selection.h"

enum { MOST_LOOPS = 8 };

SMELT_CODE_SECTION
void smelt_select(void *output, const uint8_t *condition, const void *a, const void *b, int32_t size, int32_t loops,
                  const int32_t *table) {
    int32_t index[MOST_LOOPS] = {0};
    const uint8_t *first = a, *second = b;
    uint8_t *to = output;
    for (;;) {
        const uint8_t *from = *condition ? first : second;
        for (int32_t i = 0; i < size; i++) {
            *to++ = from[i];
        }
        int32_t loop = 0;
        const int32_t *row = table;
        while (++index[loop] == row[0]) {
            index[loop] = 0;
            row += 4;
            if (++loop == loops) {
                return;
            }
        }
        condition += row[1];
        first += row[2];
        second += row[3];
    }
}
