/* What the interpreted signal operators share: options in FlexBuffers. */
#ifndef SMELT_INTERPRETED_SIGNAL_H
#define SMELT_INTERPRETED_SIGNAL_H

#include "signal_operators.h"
#include "smelt_node.h"

/* Option number `index`, in the order of their names, an integer or a bool of which the lower 32 bits count. */
enum smelt_status smelt_signal_option(struct smelt_node *node, uint32_t index, int32_t *value);

/* The same of a number from 0 to `most`. */
enum smelt_status smelt_signal_shift(struct smelt_node *node, uint32_t index, int32_t most, int32_t *value);

#endif
