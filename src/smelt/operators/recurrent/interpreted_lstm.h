/* What the interpreted forms of unidirectional_sequence_lstm share: where its tensors are. */
#ifndef SMELT_INTERPRETED_LSTM_H
#define SMELT_INTERPRETED_LSTM_H

#include "smelt_node.h"

enum { SMELT_LSTM_KERNEL = 1, SMELT_LSTM_RECURRENT = 5, SMELT_LSTM_BIAS = 12, SMELT_LSTM_STATE = 18, SMELT_LSTM_CELL = 19 };
enum { SMELT_LSTM_RELU = 1, SMELT_LSTM_TANH = 4 };

/* Without peepholes, projection and layer normalization; time is the second dimension; the activation is one of these two. */
enum smelt_status smelt_check_lstm(struct smelt_node *node, uint32_t *activation, uint32_t *cell_clip);

/* Data, output, state and cell [batches, units], that fit together. */
struct smelt_lstm_data {
    struct smelt_tensor x, y, state, cell;
};

enum smelt_status smelt_read_lstm(struct smelt_node *node, enum smelt_type data, enum smelt_type cell,
                                  struct smelt_lstm_data *t);

/* Input `index`, weights [rows, columns], or [rows] where there are 0 columns. */
enum smelt_status smelt_read_gate(struct smelt_node *node, uint32_t index, enum smelt_type type, int32_t rows,
                                  int32_t columns, struct smelt_tensor *tensor);

#endif
