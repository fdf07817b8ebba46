#include <string.h>

#include "signal_operators.h"

void smelt_signal_delay_s16(int16_t *output, const int16_t *input, int32_t rows, int32_t size, int32_t delay,
                            int32_t fresh, void *state) {
    const size_t bytes = sizeof *input * (size_t)size, late = sizeof *input * (size_t)delay;
    const size_t old = late < bytes ? late : bytes; /* of the output, from earlier calls */
    uint8_t *kept = state, *to = (uint8_t *)output;
    const uint8_t *from = (const uint8_t *)input;
    for (int32_t row = 0; row < rows; row++, kept += late, to += bytes, from += bytes) {
        if (fresh) {
            memset(kept, 0, late);
        }
        memcpy(to, kept, old);
        memcpy(to + old, from, bytes - old);
        memmove(kept, kept + old, late - old);
        memcpy(kept + (late - old), from + (bytes - old), old);
    }
}
