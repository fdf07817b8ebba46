/* Combines updates with what tuples of indices name. */
#include "indexing.h"

#include <string.h>

SMELT_SCATTER(smelt_tensor_scatter_s64, int64_t, (int64_t)((uint64_t)a + (uint64_t)b), (int64_t)((uint64_t)a * (uint64_t)b))
