#include "interpreted_argument.h"

SMELT_INTERPRETED_ARGUMENT(arg_max, s32, SMELT_CODE_ARG_MAX, SMELT_S32)
