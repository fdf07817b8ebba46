#include <string.h>

#include "signal_operators.h"

void smelt_signal_overlap_add_s16(int16_t *output, const int16_t *input, int32_t rows, int32_t frames, int32_t size,
                                  int32_t step, int32_t fresh, void *state) {
    int16_t *sums = state;
    for (int32_t row = 0; row < rows; row++, sums += size) {
        if (fresh) {
            memset(sums, 0, sizeof *sums * (size_t)size);
        }
        for (int32_t frame = 0; frame < frames; frame++, output += step) {
            for (int32_t k = 0; k < size; k++) {
                const int32_t sum = sums[k] + *input++;
                sums[k] = (int16_t)(sum < INT16_MIN ? INT16_MIN : sum > INT16_MAX ? INT16_MAX : sum);
            }
            memcpy(output, sums, sizeof *sums * (size_t)step);
            memmove(sums, sums + step, sizeof *sums * (size_t)(size - step));
            memset(sums + (size - step), 0, sizeof *sums * (size_t)step);
        }
    }
}
