#define SMELT_TYPE SMELT_S8
#define SMELT_ELEMENT int8_t
#define SMELT_KERNEL smelt_dequantize_s8_f32
#include "interpreted_dequantize_run.h"

const struct smelt_registration smelt_operator_dequantize_s8 = {SMELT_CODE_DEQUANTIZE, SMELT_TYPE, run};
