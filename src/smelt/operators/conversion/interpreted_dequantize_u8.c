#define SMELT_TYPE SMELT_U8
#define SMELT_ELEMENT uint8_t
#define SMELT_KERNEL smelt_dequantize_u8_f32
#include "interpreted_dequantize_run.h"

const struct smelt_registration smelt_operator_dequantize_u8 = {SMELT_CODE_DEQUANTIZE, SMELT_TYPE, run};
