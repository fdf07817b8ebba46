/* Recurrent layers. Weights are [gates * units, features] and [gates * units, units], the gates one after the other: lstm input,
 * forget, cell, output; gru update, reset, new; rnn one. */
#ifndef SMELT_RECURRENT_H
#define SMELT_RECURRENT_H

#include <stdint.h>

#include "smelt_placement.h"

enum smelt_recurrent_activation {
    SMELT_RECURRENT_TANH,
    SMELT_RECURRENT_RELU,
    SMELT_RECURRENT_LOGISTIC,
    SMELT_RECURRENT_HARD_SIGMOID,
    SMELT_RECURRENT_LINEAR
};

struct smelt_recurrent_f32_parameters {
    int32_t batches, time, features, units;
    int32_t reverse;                     /* from the last time step to the first */
    int32_t activation, gate_activation; /* enum smelt_recurrent_activation */
    int32_t reset_after;                 /* gru: the reset gate acts on the recurrent product, which has a bias of its own */
};

/* sequence [batches, time, units] and last [batches, units] are outputs; NULL where not wanted, as bias, state and cell.
 * scratch: units times 10 floats for lstm, 8 for gru, 4 for rnn. */
void smelt_lstm_f32(float *sequence, float *last, float *last_cell, const float *input, const float *kernel,
                    const float *recurrent, const float *bias, const float *state, const float *cell,
                    const struct smelt_recurrent_f32_parameters *parameters, void *scratch);
void smelt_gru_f32(float *sequence, float *last, const float *input, const float *kernel, const float *recurrent,
                   const float *bias, const float *state, const struct smelt_recurrent_f32_parameters *parameters,
                   void *scratch);
void smelt_rnn_f32(float *sequence, float *last, const float *input, const float *kernel, const float *recurrent,
                   const float *bias, const float *state, const struct smelt_recurrent_f32_parameters *parameters,
                   void *scratch);

/* One step of an lstm, whose state and cell it changes; sums and more are those of the four gates, one after the other. */
void smelt_lstm_step_f32(float *state, float *cell, const float *sums, const float *more,
                         const struct smelt_recurrent_f32_parameters *parameters);

/* Steps that the layers share. */
float smelt_recurrent_activate_f32(float x, int32_t activation);
/* sums[i] = bias[i] + row i of the matrix times the vector; bias may be NULL. */
void smelt_recurrent_product_f32(float *sums, const float *matrix, const float *vector, const float *bias,
                                 int32_t rows, int32_t columns);
/* Copy a vector, or zeros where it is NULL. */
void smelt_recurrent_begin_f32(float *to, const float *from, int32_t count);

#endif
