#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(logical_or, bool, SMELT_CODE_LOGICAL_OR, SMELT_BOOL, SMELT_BOOL)
