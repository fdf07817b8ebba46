/* output = clamp(sum / count); padding is not counted. */
#include "pool_window.h"
#include "pooling.h"

#define SMELT_ELEMENT float
#define SMELT_PARAMETERS struct smelt_pool_2d_f32_parameters
#define SMELT_POOL smelt_average_pool_2d_f32
#define SMELT_POOL_ROWS smelt_average_pool_2d_rows_f32

SMELT_CODE_SECTION
static float average(const SMELT_PARAMETERS *p, const float *first, struct smelt_pool_rows rows, int32_t columns,
                     int32_t channels) {
    const float sum = smelt_window_sum_f32(first, rows, columns, channels);
    return smelt_pool_clamp_f32(sum / (float)(rows.count * columns), p->low, p->high);
}

#define SMELT_FACTOR(p, count) 0u
#define SMELT_POOLED(p, first, rows, columns, channels, factor) average(p, first, rows, columns, channels)
#include "pool_2d_walk.h"
