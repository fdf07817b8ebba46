/* See smelt_planes_s8.h. The rows of a strip of columns are done one after the other: its tables are small. */
#include "smelt_planes_s8.h"

#include <string.h>

#define SMELT_STRIP 32
#define SMELT_NARROW 8
#define SMELT_SUMS 16

/* The sums of the subsets of four numbers + 128, number i in those whose index has bit i; returns the sum of all four. */
SMELT_CODE_SECTION
static int32_t smelt_subset_sums(uint16_t *table, const int8_t *v) {
    const uint32_t a = (uint32_t)(v[0] + 128), b = (uint32_t)(v[1] + 128);
    const uint32_t c = (uint32_t)(v[2] + 128), d = (uint32_t)(v[3] + 128);
    const uint32_t ab = a + b, cd = c + d;
    table[0] = 0;
    table[1] = (uint16_t)a;
    table[2] = (uint16_t)b;
    table[3] = (uint16_t)ab;
    table[4] = (uint16_t)c;
    table[5] = (uint16_t)(a + c);
    table[6] = (uint16_t)(b + c);
    table[7] = (uint16_t)(ab + c);
    table[8] = (uint16_t)d;
    table[9] = (uint16_t)(a + d);
    table[10] = (uint16_t)(b + d);
    table[11] = (uint16_t)(ab + d);
    table[12] = (uint16_t)cd;
    table[13] = (uint16_t)(a + cd);
    table[14] = (uint16_t)(b + cd);
    table[15] = (uint16_t)(ab + cd);
    return (int32_t)(ab + cd);
}

SMELT_CODE_SECTION
static void smelt_add_words(int32_t *sums, const uint16_t *table, const uint32_t *words, int32_t rows, int32_t planes) {
    for (int32_t j = 0; j < rows; j++) {
        int32_t sum = sums[j];
        for (int32_t plane = 0; plane < planes; plane++) {
            const uint32_t word = *words++;
            sum += table[word & 15] + table[SMELT_SUMS + (word >> 4 & 15)];
            sum += table[2 * SMELT_SUMS + (word >> 8 & 15)] + table[3 * SMELT_SUMS + (word >> 12 & 15)];
            sum += table[4 * SMELT_SUMS + (word >> 16 & 15)] + table[5 * SMELT_SUMS + (word >> 20 & 15)];
            sum += table[6 * SMELT_SUMS + (word >> 24 & 15)] + table[7 * SMELT_SUMS + (word >> 28)];
        }
        sums[j] = sum;
    }
}

SMELT_CODE_SECTION
static void smelt_add_bytes(int32_t *sums, const uint16_t *table, const uint8_t *bytes, int32_t rows, int32_t planes) {
    for (int32_t j = 0; j < rows; j++) {
        int32_t sum = sums[j];
        for (int32_t plane = 0; plane < planes; plane++) {
            sum += table[*bytes & 15] + table[SMELT_SUMS + (*bytes >> 4)];
            bytes++;
        }
        sums[j] = sum;
    }
}

void smelt_planes_s8(int8_t *output, const int8_t *vector, const struct smelt_planes_s8 *weights,
                     const struct smelt_rows_s8 *rows, int32_t first, int32_t count, void *scratch) {
    const int32_t planes = weights->planes, step = count * planes, factor = 2 / planes;
    const int32_t strips = weights->columns / SMELT_STRIP;
    const uint32_t *words = weights->words + first * planes * strips;
    int32_t left = weights->columns % SMELT_STRIP;
    const uint8_t *bytes = weights->bytes + first * planes * ((left + SMELT_NARROW - 1) / SMELT_NARROW);
    int32_t *sums = scratch;
    uint16_t *table = (uint16_t *)(void *)(sums + count);
    int32_t all = -128 * weights->columns;
    memset(sums, 0, (size_t)count * sizeof *sums);
    for (int32_t strip = 0; strip < strips; strip++) {
        for (int32_t k = 0; k < SMELT_STRIP; k += 4) {
            all += smelt_subset_sums(table + 4 * k, vector + k);
        }
        smelt_add_words(sums, table, words, count, planes);
        words += step;
        vector += SMELT_STRIP;
    }
    for (; left > 0; left -= SMELT_NARROW) {
        int8_t last[SMELT_NARROW];
        memset(last, -128, sizeof last);
        memcpy(last, vector, (size_t)(left < SMELT_NARROW ? left : SMELT_NARROW));
        all += smelt_subset_sums(table, last) + smelt_subset_sums(table + SMELT_SUMS, last + 4);
        smelt_add_bytes(sums, table, bytes, count, planes);
        bytes += step;
        vector += SMELT_NARROW;
    }
    for (int32_t j = 0; j < count; j++) {
        *output++ = smelt_row_output_s8(rows, first + j, factor * sums[j] - all);
    }
}
