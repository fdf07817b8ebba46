#define SMELT_TYPE SMELT_S8
#define SMELT_BIAS SMELT_S32
#define SMELT_STEPS smelt_lstm_steps_s8
#define SMELT_LARGEST_SHIFT 30
#include "interpreted_lstm_integers.h"

const struct smelt_registration smelt_operator_unidirectional_sequence_lstm_s8 = {
    SMELT_CODE_UNIDIRECTIONAL_SEQUENCE_LSTM, SMELT_TYPE, run};
