#include "smelt_requantize.h"

#define SMELT_DATA int8_t
#define SMELT_BIAS int32_t
#define SMELT_SUM uint32_t
#define SMELT_SCALED(sum, mantissa, shift) smelt_requantize((int32_t)(sum), mantissa, shift)
#define SMELT_LOWEST INT8_MIN
#define SMELT_HIGHEST INT8_MAX
#define SMELT_STEPS smelt_lstm_steps_s8
#include "lstm_steps_integers.h"
