#include "interpreted_argument.h"

SMELT_INTERPRETED_ARGUMENT(arg_max, f32, SMELT_CODE_ARG_MAX, SMELT_F32)
