/* output = clamp(largest element of the window). */
#include "pooling.h"
#include "smelt_requantize.h"

#define SMELT_ELEMENT int8_t
#define SMELT_PARAMETERS struct smelt_max_pool_2d_s8_parameters
#define SMELT_POOL smelt_max_pool_2d_s8
#define SMELT_POOL_ROWS smelt_max_pool_2d_rows_s8
#define SMELT_BOUNDED(x, p) (int8_t)smelt_clamp(x, (p)->low, (p)->high)
#include "max_pool_2d_walk.h"
