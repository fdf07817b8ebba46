#define SMELT_TYPE SMELT_S16
#define SMELT_ELEMENT int16_t
#define SMELT_KERNEL smelt_dequantize_s16_f32
#include "interpreted_dequantize_run.h"

const struct smelt_registration smelt_operator_dequantize_s16 = {SMELT_CODE_DEQUANTIZE, SMELT_TYPE, run};
