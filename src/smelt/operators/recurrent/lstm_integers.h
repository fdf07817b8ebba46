/* Long short-term memory of int8 or int16 data, int8 weights, an int16 cell and int16 gates. */
#ifndef SMELT_LSTM_INTEGERS_H
#define SMELT_LSTM_INTEGERS_H

#include <stdint.h>

#include "smelt_placement.h"

enum { SMELT_LSTM_GATES = 4 }; /* input, forget, cell, output */

/* A gate's multipliers, from sums of products to 12 fractional bits: mantissa and shift of data, then of the state. */
enum { SMELT_LSTM_MULTIPLIERS = 4 };

struct smelt_lstm_parameters {
    const uint16_t *table; /* 2^16 / (1 + exp(-i / 24)) for i = 0 .. 255 */
    const int32_t *multipliers; /* of every gate */
    int32_t batches, time, features, units;
    int32_t cell_bits; /* fractional bits of the cell, 0 to 15 */
    int32_t cell_clip; /* its largest magnitude, 0: any */
    int32_t mantissa, shift; /* from products of 30 fractional bits to the output */
    int32_t input_zero_point, zero_point; /* the state is quantized as the output */
};

/* The weights of each gate: [units, features], [units, units] and [units]. */
struct smelt_lstm_weights {
    const int8_t *kernel[SMELT_LSTM_GATES], *recurrent[SMELT_LSTM_GATES];
    const void *bias[SMELT_LSTM_GATES]; /* int32_t, int64_t for int16 data */
};

/* Data [batches, time, features] to output [batches, time, units]; state and cell [batches, units] are changed. scratch: 8
 * bytes a unit. */
SMELT_CODE_SECTION
void smelt_lstm_steps_s8(int8_t *output, const int8_t *input, const struct smelt_lstm_weights *weights,
                         const struct smelt_lstm_parameters *parameters, int8_t *state, int16_t *cell, int16_t *scratch);
SMELT_CODE_SECTION
void smelt_lstm_steps_s16(int16_t *output, const int16_t *input, const struct smelt_lstm_weights *weights,
                         const struct smelt_lstm_parameters *parameters, int16_t *state, int16_t *cell, int16_t *scratch);

/* The same of weights whose gates lie one after the other, from a state of zero. scratch: 11 bytes a unit, 12 for int16 data. */
SMELT_CODE_SECTION
void smelt_lstm_s8(int8_t *output, const int8_t *input, const int8_t *kernel, const int8_t *recurrent, const int32_t *bias,
                   const struct smelt_lstm_parameters *parameters, void *scratch);
SMELT_CODE_SECTION
void smelt_lstm_s16(int16_t *output, const int16_t *input, const int8_t *kernel, const int8_t *recurrent, const int64_t *bias,
                   const struct smelt_lstm_parameters *parameters, void *scratch);

#endif
