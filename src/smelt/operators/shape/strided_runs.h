/* Copying runs of bytes with nested loops whose steps were computed before. */
#ifndef SMELT_STRIDED_RUNS_H
#define SMELT_STRIDED_RUNS_H

#include <stdint.h>
#include <string.h>

#include "shape.h"
#include "smelt_placement.h"

/* Below this a loop is faster than calling memcpy. */
#define SMELT_SHORT_RUN 8

SMELT_CODE_SECTION
static inline void smelt_copy_runs(uint8_t *output, const uint8_t *input, int32_t run, int32_t loops,
                                   const int32_t *axes) {
    int32_t index[SMELT_STRIDED_COPY_LOOPS] = {0};
    for (;;) {
        if (run < SMELT_SHORT_RUN) {
            for (int32_t i = 0; i < run; i++) {
                output[i] = input[i];
            }
        } else {
            memcpy(output, input, (size_t)run);
        }
        int32_t loop = 0;
        const int32_t *axis = axes;
        while (++index[loop] == axis[0]) {
            index[loop] = 0;
            axis += 3;
            if (++loop == loops) {
                return;
            }
        }
        input += axis[1];
        output += axis[2];
    }
}

#endif
