#define SMELT_TYPE SMELT_S16
#define SMELT_BIAS SMELT_S64
#define SMELT_STEPS smelt_lstm_steps_s16
#define SMELT_LARGEST_SHIFT 7
#include "interpreted_lstm_integers.h"

const struct smelt_registration smelt_operator_unidirectional_sequence_lstm_s16 = {
    SMELT_CODE_UNIDIRECTIONAL_SEQUENCE_LSTM, SMELT_TYPE, run};
