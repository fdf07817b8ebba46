#ifndef SMELT_OPERATOR_NAMES_H
#define SMELT_OPERATOR_NAMES_H

#include "smelt_interpreter.h"

/* The name of a node's operator in TensorFlow Lite's schema, or its own where it is a custom operator; NULL where there is
 * no such node, and with SMELT_NO_MESSAGES. */
const char *smelt_node_name(struct smelt_interpreter *interpreter, int32_t node);

#endif
