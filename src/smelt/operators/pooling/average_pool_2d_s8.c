/* output = clamp(sum / count), to nearest, ties away from zero; padding is not counted. */
#include "pool_window.h"
#include "pooling.h"
#include "smelt_requantize.h"

#define SMELT_ELEMENT int8_t
#define SMELT_PARAMETERS struct smelt_average_pool_2d_s8_parameters
#define SMELT_POOL smelt_average_pool_2d_s8
#define SMELT_POOL_ROWS smelt_average_pool_2d_rows_s8

SMELT_CODE_SECTION
static int8_t average(const SMELT_PARAMETERS *p, const int8_t *first, struct smelt_pool_rows rows, int32_t columns,
                      int32_t channels, uint32_t reciprocal) {
    const int32_t sum = smelt_sum_s8(first, rows, columns, channels);
    const int32_t mean = smelt_pool_quotient(sum, rows.count * columns, reciprocal);
    return (int8_t)smelt_clamp(mean, p->low, p->high);
}

#define SMELT_FACTOR(p, count) (p)->reciprocals[(p)->filter_height * (p)->filter_width - (count)]
#define SMELT_POOLED(p, first, rows, columns, channels, factor) \
    average(p, first, rows, columns, channels, factor)
#include "pool_2d_walk.h"
