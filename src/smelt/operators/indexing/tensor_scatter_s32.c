/* Combines updates with what tuples of indices name. */
#include "indexing.h"

#include <string.h>

SMELT_SCATTER(smelt_tensor_scatter_s32, int32_t, (int32_t)((uint32_t)a + (uint32_t)b), (int32_t)((uint32_t)a * (uint32_t)b))
