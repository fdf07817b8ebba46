#include "interpreted_reductions.h"

SMELT_INTERPRETED_REDUCTION(reduce_all, bool, SMELT_CODE_REDUCE_ALL, SMELT_BOOL)
