/* The largest or smallest elements of each row, the first of several alike first, and where they are. */
#include "top_k.h"

SMELT_TOP_K(smelt_topk_v2_s64, int64_t)
