/* output = whether x is 0; in place is allowed. */
#include "unary.h"

SMELT_UNARY(smelt_logical_not_bool, uint8_t, x == 0)
