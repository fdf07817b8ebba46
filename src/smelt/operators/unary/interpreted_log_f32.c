#include "interpreted_unary_f32.h"
#include "unary.h"

SMELT_INTERPRETED_UNARY_F32(log, SMELT_CODE_LOG)
