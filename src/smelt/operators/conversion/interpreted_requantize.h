/* Quantized numbers to other parameters. */
#ifndef SMELT_INTERPRETED_REQUANTIZE_H
#define SMELT_INTERPRETED_REQUANTIZE_H

#include "conversion.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

/* Input of type `source` and output of any, of equal shapes, and the parameters from one to the other. */
enum smelt_status smelt_read_requantize(struct smelt_node *node, enum smelt_type source, struct smelt_tensor *x,
                                        struct smelt_tensor *y, struct smelt_requantize_s8_parameters *parameters);

#endif
