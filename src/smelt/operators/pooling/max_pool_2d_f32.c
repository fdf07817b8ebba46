/* output = clamp(largest element of the window). */
#include "pooling.h"

#define SMELT_ELEMENT float
#define SMELT_PARAMETERS struct smelt_pool_2d_f32_parameters
#define SMELT_POOL smelt_max_pool_2d_f32
#define SMELT_POOL_ROWS smelt_max_pool_2d_rows_f32
#define SMELT_BOUNDED(x, p) smelt_pool_clamp_f32(x, (p)->low, (p)->high)
#include "max_pool_2d_walk.h"
