#define SMELT_DATA int16_t
#define SMELT_BIAS int64_t
#define SMELT_WHOLE smelt_lstm_s16
#define SMELT_STEPS smelt_lstm_steps_s16
#include "lstm_whole_integers.h"
