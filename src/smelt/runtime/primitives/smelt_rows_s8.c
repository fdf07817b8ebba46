/* A weight matrix times a vector: four rows at a time, then the rest one by one. */
#include "smelt_rows_s8.h"
#include "smelt_dot_s8.h"
#include "smelt_requantize.h"

int8_t smelt_row_output_s8(const struct smelt_rows_s8 *rows, int32_t row, int32_t sum) {
    const int32_t value = (int32_t)((uint32_t)rows->bias[row] + (uint32_t)sum);
    const int32_t scaled = smelt_requantize(value, rows->mantissas[row * rows->step],
                                            rows->shifts[row * rows->step]);
    return (int8_t)smelt_clamp(scaled + rows->zero_point, rows->low, rows->high);
}

void smelt_rows_s8(int8_t *output, const int8_t *vector, const int8_t *weights, int32_t columns,
                   const struct smelt_rows_s8 *rows, int32_t first, int32_t count, int32_t correction) {
    const int32_t end = first + count;
    const int8_t *row_weights = weights + first * columns;
    while (first < end) {
        int32_t sums[4];
        int32_t next = first + 4;
        if (next <= end) {
            smelt_dot_4_s8(sums, vector, row_weights, columns);
        } else {
            next = first + 1;
            sums[0] = smelt_dot_s8(vector, row_weights, columns);
        }
        row_weights += (next - first) * columns;
        for (const int32_t *sum = sums; first < next; first++) {
            *output++ = smelt_row_output_s8(rows, first, *sum++ + correction);
        }
    }
}
