#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_any, bool, SMELT_CODE_REDUCE_ANY, SMELT_BOOL)
