/* The interpreter's int8 functions of one number. */
#ifndef SMELT_INTERPRETED_LOOKUP_H
#define SMELT_INTERPRETED_LOOKUP_H

#include "smelt_interpreter_operators.h"
#include "smelt_node.h"
#include "smelt_requantize.h"

/* The output less its zero point for an input less its zero point. */
typedef int32_t smelt_response_s8(const void *parameters, int32_t x);

/* Input and output of int8, of equal shapes. */
enum smelt_status smelt_read_s8(struct smelt_node *node, struct smelt_tensor *x, struct smelt_tensor *y);

/* Compute all: from a table of 256 results in the arena, or one by one where there are fewer. */
enum smelt_status smelt_run_response_s8(struct smelt_node *node, const struct smelt_tensor *x, const struct smelt_tensor *y,
                                        smelt_response_s8 *response, const void *parameters);

#endif
