/* Combines updates with what tuples of indices name. */
#include "indexing.h"

#include <string.h>

SMELT_SCATTER(smelt_tensor_scatter_f32, float, a + b, a * b)
