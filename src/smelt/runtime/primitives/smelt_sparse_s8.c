/* See smelt_sparse_s8.h. */
#include "smelt_sparse_s8.h"

#define SMELT_RECORD 3

/* Adds the products of a record; returns where its second element lies. */
SMELT_CODE_SECTION
static inline const int8_t *smelt_add_record(int32_t *sum, const int8_t *element, const uint8_t *record) {
    const uint32_t gaps = record[0];
    const int32_t first = (int8_t)record[1], second = (int8_t)record[2];
    element += gaps & 15;
    *sum += *element * first;
    element += gaps >> 4;
    *sum += *element * second;
    return element;
}

void smelt_sparse_s8(int8_t *output, const int8_t *vector, const struct smelt_sparse_s8 *weights,
                     const struct smelt_rows_s8 *rows, int32_t count) {
    const uint8_t *record = weights->records;
    for (int32_t row = 0; row < count; row++) {
        const int8_t *element = vector;
        int32_t sum = 0, left = weights->counts[row];
        for (; left > 1; left -= 2) {
            element = smelt_add_record(&sum, element, record);
            element = smelt_add_record(&sum, element, record + SMELT_RECORD);
            record += 2 * SMELT_RECORD;
        }
        if (left > 0) {
            smelt_add_record(&sum, element, record);
            record += SMELT_RECORD;
        }
        output[row] = smelt_row_output_s8(rows, row, sum);
    }
}
