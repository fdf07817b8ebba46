/* The requantization of 64-bit sums. The meaning is multiply_wide_sum in src/smelt/operators/fixed_point.py. */
#include "smelt_rows_s16.h"

int16_t smelt_row_output_s16(const struct smelt_rows_s16 *rows, int32_t row, int64_t sum) {
    const int64_t bias = rows->wide ? ((const int64_t *)rows->bias)[row] : ((const int32_t *)rows->bias)[row];
    const uint32_t shift = rows->shifts[row * rows->step];
    /* unsigned, since a file that the interpreter does not trust may have any bias */
    const uint64_t product = ((uint64_t)sum + (uint64_t)bias) * (uint64_t)(int64_t)rows->mantissas[row * rows->step];
    const int32_t value = (int32_t)(uint32_t)((int64_t)(product + ((uint64_t)1 << (shift - 1u))) >> shift);
    const int32_t raised = value < rows->low ? rows->low : value;
    return (int16_t)(raised > rows->high ? rows->high : raised);
}
