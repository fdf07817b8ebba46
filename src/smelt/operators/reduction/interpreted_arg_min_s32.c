#include "interpreted_argument.h"

SMELT_INTERPRETED_ARGUMENT(arg_min, s32, SMELT_CODE_ARG_MIN, SMELT_S32)
