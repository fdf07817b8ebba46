/* output = clamp(largest element of the window). */
#include "pooling.h"
#include "smelt_requantize.h"

#define SMELT_ELEMENT int16_t
#define SMELT_PARAMETERS struct smelt_pool_2d_s16_parameters
#define SMELT_POOL smelt_max_pool_2d_s16
#define SMELT_POOL_ROWS smelt_max_pool_2d_rows_s16
#define SMELT_BOUNDED(x, p) (int16_t)smelt_clamp(x, (p)->low, (p)->high)
#include "max_pool_2d_walk.h"
