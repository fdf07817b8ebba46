#include "interpreted_real.h"

SMELT_INTERPRETED_BINARY(logical_and, bool, SMELT_CODE_LOGICAL_AND, SMELT_BOOL, SMELT_BOOL)
