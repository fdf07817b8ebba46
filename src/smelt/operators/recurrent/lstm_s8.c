#define SMELT_DATA int8_t
#define SMELT_BIAS int32_t
#define SMELT_WHOLE smelt_lstm_s8
#define SMELT_STEPS smelt_lstm_steps_s8
#include "lstm_whole_integers.h"
