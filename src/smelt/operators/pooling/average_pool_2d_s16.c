/* output = clamp(sum / count), to nearest, ties away from zero; padding is not counted. */
#include "pool_window.h"
#include "pooling.h"
#include "smelt_requantize.h"

#define SMELT_ELEMENT int16_t
#define SMELT_PARAMETERS struct smelt_pool_2d_s16_parameters
#define SMELT_POOL smelt_average_pool_2d_s16
#define SMELT_POOL_ROWS smelt_average_pool_2d_rows_s16

SMELT_CODE_SECTION
static int16_t average(const SMELT_PARAMETERS *p, const int16_t *first, struct smelt_pool_rows rows,
                       int32_t columns, int32_t channels) {
    const int32_t sum = smelt_sum_s16(first, rows, columns, channels);
    const int32_t count = rows.count * columns, half = count / 2;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return (int16_t)smelt_clamp(mean, p->low, p->high);
}

#define SMELT_FACTOR(p, count) 0u
#define SMELT_POOLED(p, first, rows, columns, channels, factor) average(p, first, rows, columns, channels)
#include "pool_2d_walk.h"
