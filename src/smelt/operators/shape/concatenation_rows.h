/* Row by row, a part of each input after the other. */
#ifndef SMELT_CONCATENATION_ROWS_H
#define SMELT_CONCATENATION_ROWS_H

#include <stdint.h>
#include <string.h>

#include "smelt_placement.h"

/* Advances the pointers in inputs. */
SMELT_CODE_SECTION
static inline void smelt_concatenate_rows(uint8_t *output, const void **inputs, int32_t count, int32_t rows,
                                          const int32_t *parts) {
    for (; rows > 0; rows--) {
        for (int32_t i = 0; i < count; i++) {
            const size_t part = (size_t)parts[i];
            memcpy(output, inputs[i], part);
            inputs[i] = (const uint8_t *)inputs[i] + part;
            output += part;
        }
    }
}

#endif
